/** Protobuf messages of plain objects, in which every name must exist: a dropped field would be a picture paid in vain. */
import { create, type DescField, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { invalid } from "./errors.js";

const BEYOND = new Set(["$typeName", "$unknown"]);
const JSON_OBJECT = "google.protobuf.Struct";

/**
 * Makes a message. Throws InvalidRequest for a name that is no field, and for a value of the wrong type.
 *
 * path: how the caller calls the message, for errors.
 */
export function make<T extends DescMessage>(schema: T, init: MessageInitShape<T>, path = ""): MessageShape<T> {
  checkMessage(schema, init, path);
  return create(schema, init);
}

/**
 * Throws InvalidRequest unless every name of an object is one of these, and none is null.
 *
 * what: "option", for errors. path: how the caller calls the object.
 */
export function checkNames(given: unknown, names: Iterable<string>, what: string, path = "options"): void {
  const known = new Set(names);
  if (!isObject(given)) {
    throw invalid(path, `must be an object; each ${what} has one of the names ${[...known].sort().join(", ")}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!known.has(name) && value !== undefined) {
      throw invalid(name, `is no ${what}; there are: ${[...known].sort().join(", ")}`);
    }
    if (value === null) {
      throw invalid(name, "is null: leave it out, or undefined, for the default");
    }
  }
}

/** Whether it has names and values: no array, and no bytes. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function checkMessage(schema: DescMessage, given: unknown, path: string): void {
  if (!isObject(given) || (given.$typeName !== undefined && given.$typeName !== schema.typeName)) {
    throw invalid(path || schema.name, `must be an object with the fields of ${schema.typeName}`);
  }
  for (const [name, value] of Object.entries(given)) {
    const at = path ? `${path}.${name}` : name;
    const member = schema.members.find((each) => each.localName === name);
    if (value === undefined || BEYOND.has(name)) {
      continue;
    }
    if (member === undefined) {
      const names = schema.members.map((each) => each.localName).sort();
      throw invalid(at, `is no field of ${schema.typeName}; there are: ${names.join(", ")}`);
    }
    if (member.kind === "field") {
      checkField(member, value, at);
      continue;
    }
    const chosen = isObject(value) ? value : {};
    checkNames(chosen, ["case", "value"], `part of the oneof ${at}, which is {case, value}`, at);
    const field = member.fields.find((each) => each.localName === chosen.case);
    if (field !== undefined) {
      checkField(field, chosen.value, `${at}.${field.localName}`);
    } else if (chosen.case !== undefined || !isObject(value)) {
      throw invalid(`${at}.case`, `must be one of ${member.fields.map((each) => each.localName).join(", ")}`);
    }
  }
}

function checkField(field: DescField, value: unknown, path: string): void {
  if (field.fieldKind === "list") {
    if (!Array.isArray(value)) {
      throw invalid(path, "must be an array");
    }
    for (const [index, item] of value.entries()) {
      checkValue(field, `${path}[${index}]`, item);
    }
  } else if (field.fieldKind === "map") {
    if (!isObject(value)) {
      throw invalid(path, "must be an object");
    }
    for (const [key, item] of Object.entries(value)) {
      checkValue(field, `${path}.${key}`, item, key);
    }
  } else {
    checkValue(field, path, value);
  }
}

/** key: of a map's entry. */
function checkValue(field: DescField, path: string, value: unknown, key = ""): void {
  if (field.message?.typeName === JSON_OBJECT) {
    if (!isObject(value)) {
      throw invalid(path, "must be a JSON object");
    }
    return;
  }
  if (field.message) {
    checkMessage(field.message, value, path);
    return;
  }
  const scratch = reflect(field.parent);
  try {
    if (field.fieldKind === "list") {
      scratch.get(field).add(value);
    } else if (field.fieldKind === "map") {
      scratch.get(field).set(key, value);
    } else {
      scratch.set(field, value);
    }
  } catch (error) {
    throw invalid(path, `is wrong: ${(error as Error).message}`);
  }
}
