import { expect, it } from "vitest";
import { CLOSE_CODES, isFinal, parseServerMessage } from "./protocol";

it("treats close codes that would only recur as final", () => {
  expect(Object.values(CLOSE_CODES).filter(isFinal).sort()).toEqual([
    4400, 4403, 4404, 4409, 4410, 4412, 4413, 4414,
  ]);
});

it("parses only known messages", () => {
  expect(parseServerMessage('{"type":"pong"}')).toEqual({ type: "pong" });
  expect(parseServerMessage('{"type":"toString"}')).toBeNull();
  expect(parseServerMessage("[]")).toBeNull();
  expect(parseServerMessage("{")).toBeNull();
});
