import { Client } from "imagewire";

const client = new Client(); // one for all calls
const prompts = ["A cat", "A dog", "A horse", "A cow", "A hen", "A goat", "A sheep", "A pig"];
const pictures = await Promise.all(prompts.map((prompt) => client.draw(prompt)));
console.log(pictures.length, new Set(pictures.map(({ sha256 }) => sha256)).size);
client.close();
