import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const MODULE = /\/@excalidraw\/excalidraw\/dist\/prod\/(index|chunk-\w+)\.js$/;
/** A text of the module that draws the static canvas, which is one of the chunks. */
const DRAWS_SCENE = '"generateElementShape"';

interface Patch {
  /** Text of the minified code that occurs once. */
  find: RegExp;
  replace: string;
}

type Patches = Readonly<Record<string, Patch>>;

/** Excalidraw's own names, which are minified, are found by how they are used. */
const NAMES: Readonly<Record<string, RegExp>> = {
  TRANSLATE: /title:(\w+)\("toolBar\.extraTools"\)/,
  SHAPES: /\w+\((\w+),"generateElementShape"/,
  BITMAPS: /\w+=(\w+)\.get\(\w+\),\w+=\w+&&\w+\.zoomValue!==/,
};

const TOUCH_IN_PEN_MODE =
  't=>t.state.penMode&&!["selection","text","image"].includes(t.state.activeTool.type)';

/** Changes of behaviour for which Excalidraw has no option. */
const PATCHES: Patches = {
  "gives access to the undo stacks": {
    find: /history:\{clear:this\.resetHistory\}/,
    replace: "history:{clear:this.resetHistory,stacks:()=>this.history}",
  },
  "zooms with two fingers while only the pen draws": {
    find: /this\.state\.activeTool\.type==="freedraw"&&this\.state\.penMode\?1:/,
    replace: "",
  },
  "moves the board with one finger while only the pen draws": {
    find: /((\w+)\.button===\w+\.MAIN&&\w+\|\|\w+\(this\.state\)\|\|this\.state\.viewModeEnabled)\)/,
    replace: `$1||$2.pointerType==="touch"&&(${TOUCH_IN_PEN_MODE})(this))`,
  },
  "makes pictures ready before they are decoded": {
    find: /("initializeImage",async\(\{imageFile:(\w+),[^}]*\}\)=>\{)if/,
    replace: "$1$2=await preparePicture($2);if",
  },
  "does not scale pictures itself": {
    find: /try\{(\w+)=await \w+\(\1,\{maxWidthOrHeight:\w+\}\)\}catch\(\w+\)\{console\.error\("Error trying to resizing[^}]*\}/,
    replace: "",
  },
  "has no limit of its own for the size of a picture": {
    find: /if\(\w+\.size>\w+\)throw new Error\(\w+\("errors\.fileTooBig",\{maxSize:`\$\{Math\.trunc\(\w+\/1024\/1024\)\}MB`\}\)\)/,
    replace: "",
  },
  "takes dropped pictures of kinds that it does not know": {
    find: /(\w+)\((\w+)\)(&&this\.isToolSupported\("image"\)\)\{if\(\2\?\.type===)/,
    replace: "($1($2)||isForeignPicture($2))$3",
  },
  "lets one choose pictures of kinds that it does not know": {
    find: /\w+\(\{description:"Image",extensions:Object\.keys\(\w+\)\}\)/,
    replace: "choosePicture()",
  },
  "takes pasted pictures of kinds that it does not know": {
    find: /(\w+)\((\w+)\)(&&!\w+\.spreadsheet\)\{if\(!this\.isToolSupported\("image"\))/,
    replace: "($1($2)||isForeignPicture($2))$3",
  },
  "names the button of the menu": {
    find: /"data-testid":"main-menu-trigger",/,
    replace: '$&title:TRANSLATE("buttons.menu"),"aria-label":TRANSLATE("buttons.menu"),',
  },
  "has no tool for other websites": {
    find: /\w+\(\w+\.Item,\{onSelect:\(\)=>\w+\.setActiveTool\(\{type:"embeddable"\}\)[^}]*\}\),/,
    replace: "",
  },
  "has no heading of generators": {
    find: /\w+\("div",\{style:\{margin:"6px 0",fontSize:14,fontWeight:600\},children:"Generate"\}\),/,
    replace: "",
  },
  "has no tool for Mermaid": {
    find: /,\w+\(\w+\.Item,\{onSelect:\(\)=>\w+\.setOpenDialog\(\{name:"ttd",tab:"mermaid"\}\)[^}]*\}\)/,
    replace: "",
  },
  "does not call a part of its panel a dialog": {
    find: /role:"dialog","aria-modal":"true",(className:"color-picker-container")/,
    replace: "$1",
  },
  "does not call its footer the page's": {
    find: /role:"contentinfo",(className:"layer-ui__wrapper__footer)/,
    replace: "$1",
  },
  "leaves Ctrl+P to the browser": {
    find: /if\((\w+)\[\w+\.CTRL_OR_CMD\]&&\1\.key===\w+\.P&&[^{]*\{this\.setToast\(\{message:\w+\("commandPalette\.shortcutHint"[^;]*;return\}/,
    replace: "",
  },
};

/** Changes of what draws the static canvas, which is in another module. */
export const DRAWING_PATCHES: Patches = {
  "gives the parameters of drawing as one": {
    find: /=\((\{canvas:\w+,rc:\w+,elementsMap:\w+,allElementsMap:[^}]*\})\)=>\{if/,
    replace: "=staticScene=>{let$1=staticScene;if",
  },
  "draws only the elements that changed and those above them": {
    find: /(\w+\.filter\((\w+)=>!\w+\(\2\)\))\.forEach\((?=\2=>\{try\{let \w+=\2\.frameId\|\|)/,
    replace: "drawElements(staticScene,{shape:SHAPES.get,bitmap:one=>BITMAPS.get(one)},$1,",
  },
};

const IMPORTS =
  importOf(["isForeignPicture", "preparePicture"], "src/room/board/images/prepare-picture.ts") +
  importOf(["choosePicture"], "src/room/board/images/choose-picture.ts");
const DRAWING_IMPORTS = importOf(["drawElements"], "src/room/board/static-layer/draw-elements.ts");

function importOf(names: string[], path: string): string {
  const module = fileURLToPath(new URL(path, import.meta.url));
  return `import{${names.join()}}from${JSON.stringify(module)};`;
}

export function patchExcalidraw(): Plugin {
  let isDrawingPatched = false;
  return {
    name: "patch-excalidraw",
    enforce: "pre",
    transform(code, id) {
      const file = MODULE.exec(id.replaceAll("\\", "/"))?.[1];
      if (file === "index") return { code: IMPORTS + applyPatches(code), map: null };
      if (!file || !isDrawingModule(code)) return null;
      isDrawingPatched = true;
      return { code: DRAWING_IMPORTS + applyPatches(code, DRAWING_PATCHES), map: null };
    },
    generateBundle() {
      if (!isDrawingPatched) throw new Error("No module of Excalidraw that draws the canvas");
    },
  };
}

export function isDrawingModule(code: string): boolean {
  return code.includes(DRAWS_SCENE);
}

export function applyPatches(code: string, patches = PATCHES): string {
  const names = Object.entries(NAMES).map(([name, use]) => [name, use.exec(code)?.[1]] as const);
  return Object.entries(patches).reduce((patched, [purpose, { find, replace }]) => {
    const found = patched.match(new RegExp(find, "g")) ?? [];
    if (found.length !== 1) throw new Error(`No single place in Excalidraw that ${purpose}`);
    return patched.replace(find, withNames(replace, names, purpose));
  }, code);
}

function withNames(
  text: string,
  names: readonly (readonly [string, string | undefined])[],
  purpose: string,
): string {
  return names.reduce((replaced, [name, minified]) => {
    if (!replaced.includes(name)) return replaced;
    if (!minified) throw new Error(`No ${name} in Excalidraw, with which it ${purpose}`);
    return replaced.replaceAll(name, minified.replaceAll("$", "$$$$"));
  }, text);
}
