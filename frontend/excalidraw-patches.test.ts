import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { applyPatches } from "./excalidraw-patches";

const MODULE = fileURLToPath(
  new URL("./node_modules/@excalidraw/excalidraw/dist/prod/index.js", import.meta.url),
);

describe("patches of Excalidraw", () => {
  const code = readFileSync(MODULE, "utf8");
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
