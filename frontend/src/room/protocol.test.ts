import { expect, it } from "vitest";
import { CLOSE, isFinal, parseServerMessage } from "./protocol";

it("does not come back after a close that would only repeat itself", () => {
  expect(Object.values(CLOSE).filter(isFinal).sort()).toEqual([4400, 4403, 4404, 4409, 4410, 4413]);
});

it("takes only messages it knows", () => {
  expect(parseServerMessage('{"type":"pong"}')).toEqual({ type: "pong" });
  expect(parseServerMessage('{"type":"toString"}')).toBeNull();
  expect(parseServerMessage("[]")).toBeNull();
  expect(parseServerMessage("{")).toBeNull();
});
