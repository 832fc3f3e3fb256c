import { expect, it } from "vitest";
import { socketEndpoint } from "./endpoint";

it("names the default port of each scheme, and another one", () => {
  const hostname = "school.example";
  expect(socketEndpoint({ protocol: "https:", hostname, port: "" })).toEqual({
    scheme: "wss",
    host: hostname,
    port: "443",
  });
  expect(socketEndpoint({ protocol: "http:", hostname, port: "" }).port).toBe("80");
  expect(socketEndpoint({ protocol: "https:", hostname, port: "8443" }).port).toBe("8443");
});
