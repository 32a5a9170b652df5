/** The page: a prompt, a picture that appears while it arrives, and what was drawn before. */
import type { Model } from "../src/v1.js";
import { CodePanel } from "./codePanel.js";
import { Composer } from "./composer.js";
import { byId, tell } from "./dom.js";
import { draw } from "./drawing.js";
import { type Entry, Session } from "./entry.js";
import { finalOf, Gallery } from "./gallery.js";
import { askForKey } from "./keyDialog.js";
import { problemOf, Server } from "./server.js";
import { Stage } from "./stage.js";
import { Tree } from "./tree.js";

const keyButton = byId("key-button", HTMLButtonElement);
const server = new Server(new URL(".", document.baseURI).href.replace(/\/$/, ""), (wrong) => {
  keyButton.hidden = false;
  return askForKey(wrong);
});
const session = new Session(sessionStorage);
const gallery = new Gallery(server);
const stage = new Stage(gallery);
const code = new CodePanel();
const known = new Map<string, Promise<Model | undefined>>();
let running: AbortController | undefined;

const composer = new Composer(
  (name) => {
    let found = known.get(name);
    if (found === undefined) {
      found = server.model(name);
      known.set(name, found);
    }
    return found;
  },
  () => void send(),
  showCode,
);
const tree = new Tree(session, gallery, (entry) => {
  tree.show(entry);
  void stage.show(entry);
  showCode();
});

/** The call of the entry on the stage, while the form says nothing else. */
function showCode(): void {
  const typed = composer.wish;
  const wish = typed.prompt || !stage.entry ? typed : stage.entry;
  const parent = session.find(wish.parent);
  const files = parent && !parent.completionId ? ["picture.png", ...wish.files] : wish.files;
  code.show({ ...wish, files, completionId: parent?.completionId ?? "" }, server.url, !keyButton.hidden);
}

async function send(): Promise<void> {
  const { wish } = composer;
  if (running !== undefined || !wish.prompt || !wish.model) {
    return;
  }
  const { files } = composer.attachments;
  const controller = new AbortController();
  running = controller;
  composer.busy = true;
  const entry: Entry = {
    ...wish,
    id: `${Date.now()}-${session.entries.length}`,
    state: "waiting",
    completionId: "",
    pictures: [],
    text: "",
    cached: false,
    tokens: 0,
    ms: 0,
    firstPaintMs: 0,
  };
  session.entries.push(entry);
  stage.begin(entry);
  const changed = () => {
    session.save();
    stage.update(entry);
    tree.show(stage.entry);
  };
  changed();
  try {
    const parent = session.find(wish.parent);
    const pictures = await Promise.all(files.map(contentOf));
    if (parent && !parent.completionId) {
      // The server does not know the picture: it goes with the request.
      pictures.unshift(await contentOf(await gallery.file(parent, finalOf(parent))));
    }
    await draw(server.stream(wish, parent, pictures, controller.signal), entry, {
      changed,
      arriving: (_, size) => {
        stage.arriving(entry, size);
      },
      painted: (_, __, image) => {
        stage.painted(entry, image);
      },
      whole: (_, index, file) => {
        gallery.put(entry, index, file);
        stage.whole(entry, index);
      },
    });
  } catch (error) {
    entry.state = "failed";
    entry.problem = problemOf(error);
    changed();
  } finally {
    running = undefined;
    composer.busy = false;
  }
  if (entry.state === "done") {
    composer.prompt.value = "";
    composer.attachments.clear();
    composer.edit(undefined);
  }
  showCode();
}

async function contentOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

async function loadModels(): Promise<void> {
  const wrong = byId("wrong", HTMLElement);
  try {
    composer.offer(await server.models());
    tell(wrong, "");
  } catch (error) {
    const { title, detail } = problemOf(error);
    tell(wrong, `${title}: ${detail}`);
  }
}

byId("cancel", HTMLButtonElement).addEventListener("click", () => {
  running?.abort();
  composer.prompt.focus();
});
byId("again", HTMLButtonElement).addEventListener("click", () => {
  const { entry } = stage;
  if (entry) {
    void composer.refill(entry);
    composer.edit(session.find(entry.parent));
    composer.prompt.focus();
  }
});
byId("edit", HTMLButtonElement).addEventListener("click", () => {
  const { entry } = stage;
  if (entry) {
    composer.edit(entry);
    void gallery.thumbnail(entry, finalOf(entry)).then((url) => {
      composer.edit(entry, url);
    });
    composer.prompt.focus();
  }
});
keyButton.addEventListener("click", () => {
  void server.changeKey().then((changed) => {
    if (changed) {
      void loadModels();
    }
  });
});
addEventListener("beforeunload", (event) => {
  if (running !== undefined) {
    event.preventDefault();
  }
});

const last = session.entries.at(-1);
tree.show(last);
void loadModels().then(() => {
  if (last && stage.entry === undefined) {
    void stage.show(last);
  }
  showCode();
});
