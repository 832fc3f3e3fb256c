/** A program that uses the generated TypeScript client: `round_trip.js URL TOKEN`. */

import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };

const [url, token] = process.argv.slice(2);
const client = createClient<paths>({
  baseUrl: url ?? "",
  headers: { Authorization: `Bearer ${token}` },
});

const created = await client.POST("/api/classrooms/", { body: { name: "Algebra" } });
const classroom: components["schemas"]["Classroom"] | undefined = created.data;
const { data: page } = await client.GET("/api/classrooms/", {
  params: { query: { q: "algebra" } },
});
if (!classroom || !page || page.results.length !== 1 || page.results[0]?.id !== classroom.id) {
  throw new Error("The list is not the classroom that was created.");
}
const missing = await client.GET("/api/classrooms/{classroom_id}/", {
  params: { path: { classroom_id: 2 ** 31 - 1 } },
});
console.log(page.results[0].name, missing.error?.error);
