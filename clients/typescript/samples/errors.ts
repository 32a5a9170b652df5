import { Client, ImagewireError, InvalidRequest, ModelNotFound } from "imagewire";

const client = new Client();
try {
  await client.draw("A lighthouse", { model: "gemini/no-such-model" });
} catch (error) {
  if (error instanceof ModelNotFound) {
    const models = await client.listModels();
    console.log(`${error.reason}; there are: ${models.map(({ name }) => name).join(", ")}`);
  } else if (error instanceof ImagewireError) {
    // charged: whether it may have been; retryable: whether a repeat cannot be charged twice.
    console.log(error.code, error.reason, error.message, error.charged, error.retryable, error.retryAfterMs);
  }
}
try {
  await client.draw("A lighthouse", { aspectRatio: "7:7" });
} catch (error) {
  console.log(error instanceof InvalidRequest && error.violations[0]?.field);
}
client.close();
