import { expect, test } from "vitest";
import { themeCookie } from "./theme";

test("a cookie with the host prefix has the attributes that browsers require of it", () => {
  expect(themeCookie("__Host-theme", "dark")).toMatch(/^__Host-theme=dark; path=\/; .*; secure$/);
});

test("a cookie without the prefix also works over http", () => {
  expect(themeCookie("theme", "dark")).toMatch(/^theme=dark; path=\/; /);
  expect(themeCookie("theme", "dark")).not.toContain("secure");
});
