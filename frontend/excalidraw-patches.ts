import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const MODULE = /\/@excalidraw\/excalidraw\/dist\/prod\/index\.js$/;

interface Patch {
  /** Text of the minified code that occurs once. */
  find: RegExp;
  replace: string;
}

/** Excalidraw's own translation function in the minified code is found by its use beside this text. */
const TRANSLATE = /title:(\w+)\("toolBar\.extraTools"\)/;

const TOUCH_IN_PEN_MODE =
  't=>t.state.penMode&&!["selection","text","image"].includes(t.state.activeTool.type)';

const PREPARE_MODULE = fileURLToPath(
  new URL("src/room/board/images/prepare-picture.ts", import.meta.url),
);
const PREPARE_PICTURE = `import{isForeignPicture,preparePicture}from${JSON.stringify(PREPARE_MODULE)};`;

/** Changes of behaviour for which Excalidraw has no option. */
const PATCHES: Readonly<Record<string, Patch>> = {
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
  "leaves Ctrl+P to the browser": {
    find: /if\((\w+)\[\w+\.CTRL_OR_CMD\]&&\1\.key===\w+\.P&&[^{]*\{this\.setToast\(\{message:\w+\("commandPalette\.shortcutHint"[^;]*;return\}/,
    replace: "",
  },
};

export function patchExcalidraw(): Plugin {
  return {
    name: "patch-excalidraw",
    enforce: "pre",
    transform(code, id) {
      if (!MODULE.test(id.replaceAll("\\", "/"))) return null;
      return { code: PREPARE_PICTURE + applyPatches(code), map: null };
    },
  };
}

export function applyPatches(code: string): string {
  const translate = TRANSLATE.exec(code)?.[1] ?? "";
  return Object.entries(PATCHES).reduce((patched, [purpose, { find, replace }]) => {
    const found = patched.match(new RegExp(find, "g")) ?? [];
    if (found.length !== 1) throw new Error(`No single place in Excalidraw that ${purpose}`);
    return patched.replace(find, replace.replaceAll("TRANSLATE", translate));
  }, code);
}
