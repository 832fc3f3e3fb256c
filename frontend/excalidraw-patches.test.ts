import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { applyPatches, DRAWING_PATCHES, isDrawingModule } from "./excalidraw-patches";

const FOLDER = fileURLToPath(
  new URL("./node_modules/@excalidraw/excalidraw/dist/prod/", import.meta.url),
);

describe("patches of Excalidraw", () => {
  const code = readFileSync(`${FOLDER}index.js`, "utf8");
  const patched = applyPatches(code);

  it("give access to the undo stacks", () => {
    expect(code).not.toContain("stacks:()=>this.history");
    expect(patched).toContain("clear:this.resetHistory,stacks:()=>this.history");
  });

  it("let fingers zoom and move the board while only the pen draws", () => {
    expect(patched).not.toMatch(/"freedraw"&&this\.state\.penMode\?1:/);
    expect(patched).toMatch(/viewModeEnabled\|\|\w+\.pointerType==="touch"&&/);
  });

  it("name the menu and leave out what leads to other websites", () => {
    expect(patched).toMatch(/main-menu-trigger",title:\w+\("buttons\.menu"\),"aria-label"/);
    expect(patched).not.toContain('setActiveTool({type:"embeddable"})');
    expect(patched).not.toContain('setOpenDialog({name:"ttd",tab:"mermaid"})');
    expect(patched).not.toContain('message:g("commandPalette.shortcutHint"');
  });

  it("leave the roles of dialogs and of the page's footer to those", () => {
    for (const name of ["color-picker-container", "layer-ui__wrapper__footer"]) {
      expect(code).toMatch(new RegExp(`role:"\\w+",[^{]*className:"${name}`));
      expect(patched).not.toMatch(new RegExp(`role:"\\w+",[^{]*className:"${name}`));
    }
  });

  it("make pictures ready before Excalidraw decodes them, and leave it no limits", () => {
    expect(patched).toMatch(/\(\{imageFile:(\w+),[^}]*\}\)=>\{\1=await preparePicture\(\1\);/);
    expect(patched).not.toContain("Error trying to resizing");
    expect(patched).not.toContain("errors.fileTooBig");
    expect(patched).toContain("||isForeignPicture(");
  });

  it("fail when a release of Excalidraw has no such code", () => {
    expect(() => applyPatches(patched)).toThrow("undo stacks");
  });
});

describe("patches of what draws the canvas", () => {
  const modules = readdirSync(FOLDER)
    .filter((name) => name.startsWith("chunk-"))
    .map((name) => readFileSync(FOLDER + name, "utf8"))
    .filter(isDrawingModule);
  const [code = ""] = modules;
  const patched = applyPatches(code, DRAWING_PATCHES);

  it("are applied to a single module", () => {
    expect(modules).toHaveLength(1);
  });

  it("draw the elements with a layer that is given Excalidraw's caches", () => {
    const shapes = /(\w+)\.cache=new WeakMap\}/.exec(code)?.[1];
    const bitmaps = /(\w+)\.delete\(\w+\);let \w+=\w+\(\w+,\w+\.rg,/.exec(code)?.[1];
    expect(patched).toContain(
      `drawElements(staticScene,{shape:${shapes}.get,bitmap:one=>${bitmaps}.get(one)},`,
    );
    expect(patched).toMatch(
      /=staticScene=>\{let\{canvas:(\w+),rc:.{10,99}\}=staticScene;if\(\1===null/,
    );
  });

  it("fail when a release of Excalidraw has no such code, or none of its names", () => {
    expect(() => applyPatches(patched, DRAWING_PATCHES)).toThrow("parameters of drawing");
    const renamed = code.replace('"generateElementShape"', '"makeElementShape"');
    expect(() => applyPatches(renamed, DRAWING_PATCHES)).toThrow("No SHAPES");
  });
});
