/** Asks a person for the key. */
import { byId, tell } from "./dom.js";

/** Returns the key; undefined where it is not given. wrong: whether the one before was refused. */
export function askForKey(wrong: boolean): Promise<string | undefined> {
  const dialog = byId("key-dialog", HTMLDialogElement);
  const field = byId("key", HTMLInputElement);
  const complaint = byId("key-wrong", HTMLElement);
  tell(complaint, wrong ? "The server did not take this key." : "");
  dialog.showModal();
  return new Promise((resolve) => {
    const ending = new AbortController();
    const end = (key?: string) => {
      ending.abort();
      field.value = "";
      dialog.close();
      resolve(key);
    };
    const { signal } = ending;
    byId("key-form", HTMLFormElement).addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        const key = field.value.trim();
        if (/^[ -~]+$/.test(key)) {
          end(key);
        } else {
          tell(complaint, "A key has letters, digits and signs of ASCII alone.");
        }
      },
      { signal },
    );
    byId("key-cancel", HTMLButtonElement).addEventListener(
      "click",
      () => {
        end();
      },
      { signal },
    );
    dialog.addEventListener(
      "cancel",
      () => {
        end();
      },
      { signal },
    );
  });
}
