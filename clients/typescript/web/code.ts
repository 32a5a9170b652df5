/** A call as programs would make it. Keys are never in it. */
import type { Wish } from "./entry.js";

/** What the programs are to ask. completionId: of the answer that is edited; "" for none. */
export interface Call extends Pick<Wish, "prompt" | "model" | "ratio" | "size" | "thoughts" | "files"> {
  completionId: string;
}

/** The programs by their languages' names. url: the server's REST address. hasKey: whether it asks for a key. */
export function programs(call: Call, url: string, hasKey: boolean): Record<Language, string> {
  return {
    curl: curl(call, url, hasKey),
    Python: python(call),
    Go: go(call),
    TypeScript: typescript(call),
    grpcurl: grpcurl(call, hasKey),
  };
}

export const LANGUAGES = ["curl", "Python", "Go", "TypeScript", "grpcurl"] as const;
export type Language = (typeof LANGUAGES)[number];

const TARGET = "${IMAGEWIRE_TARGET:-127.0.0.1:50051}";
/** Around the number of a file, in JSON. */
const MARK = "\uE000";

/** The Spec as protobuf's JSON. The bytes of the files are marks, for the shell to put in. */
function spec(call: Call): object {
  const image = { ...(call.ratio && { aspectRatio: call.ratio }), ...(call.size && { imageSize: call.size }) };
  const pictures = call.files.map((_, index) => ({ image: { data: `${MARK}${index}${MARK}` } }));
  const said = pictures.length > 0 ? { parts: [...pictures, { text: call.prompt }] } : { content: call.prompt };
  return {
    model: call.model,
    messages: [{ role: "ROLE_USER", ...said }],
    ...(Object.keys(image).length > 0 && { imageConfig: image }),
    ...(call.thoughts && { generationConfig: { thinkingConfig: { includeThoughts: true } } }),
    ...(call.completionId && { previousCompletionId: call.completionId }),
  };
}

/** JSON that comes from the shell, by a here document: its pictures may be larger than an argument. */
function document(message: object, files: readonly string[]): string {
  const json = JSON.stringify(message, undefined, 2).replace(/[\\$`]/g, "\\$&");
  return json.replace(
    new RegExp(`${MARK}(\\d+)${MARK}`, "g"),
    (_, index: string) => `$(base64 -w0 ${quoted(files[Number(index)] ?? "")})`,
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curl(call: Call, url: string, hasKey: boolean): string {
  const key = hasKey ? ` -H "Authorization: Bearer $IMAGEWIRE_API_KEY"` : "";
  // What is no picture is an error's message, or an answer without one.
  const picked = '.candidates[0].message.image.data // ((.message // "no picture was drawn") + "\\n" | halt_error)';
  return `curl -sS ${url}/imagewire.v1.ChatService/CreateCompletion \\
  -H "Content-Type: application/json"${key} \\
  -d @- <<END | jq -r '${picked}' > answer.b64 && base64 -d answer.b64 > picture
${document({ spec: spec(call), maxInlineBytes: 64 * 1024 * 1024 }, call.files)}
END
`;
}

function grpcurl(call: Call, hasKey: boolean): string {
  const key = hasKey ? ` -H "authorization: Bearer $IMAGEWIRE_API_KEY"` : "";
  return `grpcurl -plaintext${key} -d @ "${TARGET}" \\
  imagewire.v1.ChatService/StreamCompletion <<END
${document({ spec: spec(call) }, call.files)}
END
`;
}

function python(call: Call): string {
  const files = call.files.map((name) => JSON.stringify(name)).join(", ");
  const given = [
    JSON.stringify(call.prompt),
    files && `[${files}]`,
    `model=${JSON.stringify(call.model)}`,
    call.ratio && `aspect_ratio=${JSON.stringify(call.ratio)}`,
    call.size && `image_size=${JSON.stringify(call.size)}`,
    call.thoughts && "include_thoughts=True",
    call.completionId && `previous_completion_id=${JSON.stringify(call.completionId)}`,
  ].filter(Boolean);
  return `import imagewire

with imagewire.Client() as client:  # IMAGEWIRE_TARGET, else 127.0.0.1:50051
    picture = client.draw(
${given.map((each) => `        ${each},`).join("\n")}
    )
    print(picture.save("picture"))
`;
}

function typescript(call: Call): string {
  const names = call.files.map((name) => `await readFile(${JSON.stringify(name)})`).join(", ");
  const given = [
    `model: ${JSON.stringify(call.model)}`,
    names && `images: [${names}]`,
    call.ratio && `aspectRatio: ${JSON.stringify(call.ratio)}`,
    call.size && `imageSize: ${JSON.stringify(call.size)}`,
    call.thoughts && "includeThoughts: true",
    call.completionId && `previousCompletionId: ${JSON.stringify(call.completionId)}`,
  ].filter(Boolean);
  return `${names ? 'import { readFile } from "node:fs/promises";\n' : ""}import { Client } from "imagewire";

const client = new Client(); // IMAGEWIRE_TARGET, else 127.0.0.1:50051
const picture = await client.draw(${JSON.stringify(call.prompt)}, {
${given.map((each) => `  ${each},`).join("\n")}
});
console.log(await picture.save("picture"));
client.close();
`;
}

function go(call: Call): string {
  const further = call.thoughts || call.completionId !== "";
  const read = call.files.map(
    (name, index) => `	input${index}, err := imagewire.ReadImage(${JSON.stringify(name)})
	if err != nil {
		log.Fatal(err)
	}
`,
  );
  const fields = [
    call.completionId && `PreviousCompletionId: ${JSON.stringify(call.completionId)}`,
    call.thoughts &&
      "GenerationConfig: &imagewirev1.GenerationConfig{ThinkingConfig: &imagewirev1.ThinkingConfig{IncludeThoughts: proto.Bool(true)}}",
  ].filter(Boolean);
  const options = [
    `imagewire.Model(${JSON.stringify(call.model)})`,
    call.files.length > 0 && `imagewire.Images(${call.files.map((_, index) => `input${index}`).join(", ")})`,
    call.ratio && `imagewire.AspectRatio(${JSON.stringify(call.ratio)})`,
    call.size && `imagewire.ImageSize(${JSON.stringify(call.size)})`,
    further && `imagewire.FromSpec(&imagewirev1.Spec{${fields.join(", ")}})`,
  ].filter(Boolean);
  const imports = [
    ...(call.thoughts ? ['	"google.golang.org/protobuf/proto"', ""] : []),
    '	imagewire "github.com/imagewire/imagewire/clients/go"',
    ...(further ? ['	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"'] : []),
  ];
  return `package main

import (
	"context"
	"log"
	"os"

${imports.join("\n")}
)

func main() {
	client, err := imagewire.New("") // IMAGEWIRE_TARGET, else 127.0.0.1:50051
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
${read.join("")}	picture, err := client.Draw(context.Background(), ${JSON.stringify(call.prompt)},
${options.map((each) => `		${each},`).join("\n")}
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("picture", picture.Data, 0o644); err != nil {
		log.Fatal(err)
	}
}
`;
}
