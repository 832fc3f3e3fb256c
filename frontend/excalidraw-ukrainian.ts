import type { Plugin } from "vite";

const LOCALE = /\/@excalidraw\/excalidraw\/.*\/locales\/uk-UA-/;
/** The texts to replace, by their keys in Excalidraw's locale, each of which occurs once. */
const TEXTS = {
  arrowhead_none: "Без закінчення",
  edges: "Кути",
  eraser: "Гумка",
  fill: "Заливка",
  freedraw: "Олівець",
  handDrawn: "Від руки",
  penMode: "Малювати лише пером",
  unbindText: "Відв’язати текст",
  undo: "Скасувати",
};

/** Texts that the locale lacks, which Excalidraw would show in English. */
const MISSING_TEXTS = {
  labels: {
    copySource: "Копіювати код",
    changeStroke: "Змінити колір лінії",
    changeBackground: "Змінити колір заливки",
    arrowhead_circle: "Круг",
    arrowhead_circle_outline: "Круг (контур)",
    arrowhead_triangle_outline: "Трикутник (контур)",
    arrowhead_diamond: "Ромб",
    arrowhead_diamond_outline: "Ромб (контур)",
    arrowhead_crowfoot_many: "«Вороняча лапка» (багато)",
    arrowhead_crowfoot_one: "«Вороняча лапка» (один)",
    arrowhead_crowfoot_one_or_many: "«Вороняча лапка» (один або багато)",
    more_options: "Інші параметри",
    arrowtypes: "Вид стрілки",
    arrowtype_sharp: "Пряма стрілка",
    arrowtype_round: "Вигнута стрілка",
    arrowtype_elbowed: "Ламана стрілка",
    clearCanvas: "Очистити дошку",
    toggleGrid: "Сітка",
    loadScene: "Відкрити файл",
    showFonts: "Вибрати шрифт",
    theme: "Тема",
    link: { hint: "Введіть або вставте посилання", goToElement: "Перейти до об’єкта" },
    lineEditor: { editArrow: "Редагувати стрілку" },
    zoomToFitViewport: "Умістити у вікно",
    zoomToFitSelection: "Показати вибране",
    zoomToFit: "Показати все",
    autoResize: "Ширина за текстом",
    imageCropping: "Обрізання зображення",
    unCroppedDimension: "Розмір до обрізання",
    copyElementLink: "Копіювати посилання на об’єкт",
    linkToElement: "Посилання на об’єкт",
    wrapSelectionInFrame: "Обвести вибране рамкою",
  },
  elementLink: {
    title: "Посилання на об’єкт",
    desc: "Натисніть на об’єкт на дошці або вставте посилання.",
    notFound: "На дошці немає об’єкта, на який веде посилання.",
  },
  search: {
    title: "Пошук на дошці",
    noMatch: "Нічого не знайдено",
    singleResult: "збіг",
    multipleResults: "збігів",
    placeholder: "Знайти текст на дошці…",
  },
  buttons: {
    copyLink: "Копіювати посилання",
    systemMode: "Як у системі",
    objectsSnapMode: "Прилипання до об’єктів",
  },
  errors: {
    failedToFetchImage: "Не вдалося завантажити зображення.",
    imageToolNotSupported: "Зображення вимкнено.",
    asyncPasteFailedOnRead: "Не вдалося вставити: браузер не дав доступу до буфера обміну.",
    asyncPasteFailedOnParse: "Не вдалося вставити.",
    copyToSystemClipboardFailed: "Не вдалося скопіювати.",
  },
  toolBar: { laser: "Лазерна указка" },
  element: {
    rectangle: "Прямокутник",
    diamond: "Ромб",
    ellipse: "Еліпс",
    arrow: "Стрілка",
    line: "Лінія",
    freedraw: "Олівець",
    text: "Текст",
    image: "Зображення",
    group: "Група",
    frame: "Рамка",
    selection: "Вибране",
  },
  hints: {
    dismissSearch: "Escape — закрити пошук",
    arrowTool:
      "Натисніть, щоб поставити кілька точок, або потягніть, щоб провести одну лінію. Натисніть {{arrowShortcut}} ще раз, щоб змінити вид стрілки.",
    createFlowchart: "Утримуйте CtrlOrCmd і натисніть стрілку, щоб створити блок-схему",
    disableSnapping: "Утримуйте CtrlOrCmd, щоб вимкнути прилипання",
    enterCropEditor: "Двічі натисніть зображення або натисніть Enter, щоб обрізати його",
    leaveCropEditor: "Натисніть поза зображенням, Enter або Escape, щоб завершити обрізання",
  },
  stats: {
    shapes: "Об’єкти",
    fullTitle: "Властивості дошки й об’єктів",
    generalStats: "Загальні",
    elementProperties: "Властивості об’єкта",
  },
  toast: {
    copyToClipboardAsSvg: "{{exportSelection}} скопійовано як SVG\n({{exportColorScheme}})",
    elementLinkCopied: "Посилання скопійовано",
  },
  quickSearch: { placeholder: "Швидкий пошук" },
  fontList: {
    badge: { old: "старий" },
    sceneFonts: "На цій дошці",
    availableFonts: "Доступні шрифти",
    empty: "Шрифтів не знайдено",
  },
};

/** Replaces texts of Excalidraw's Ukrainian locale that are wrong or hard to understand. */
export function ukrainianExcalidraw(): Plugin {
  return {
    name: "ukrainian-excalidraw",
    enforce: "pre",
    transform(code, id) {
      return LOCALE.test(id.replaceAll("\\", "/"))
        ? { code: addTexts(replaceTexts(code)), map: null }
        : null;
    },
  };
}

export function replaceTexts(code: string): string {
  return Object.entries(TEXTS).reduce(replaceText, code);
}

function replaceText(code: string, [key, text]: [string, string]): string {
  const parts = code.split(new RegExp(`(?<=\\b${key}:)"[^"]*"`));
  if (parts.length !== 2) throw new Error(`Excalidraw's Ukrainian locale has no single ${key}`);
  return parts.join(JSON.stringify(text));
}

/**
 * Appends code that adds the missing texts. Excalidraw reads the module's named exports, one for each
 * group of texts; a text that is not translated is empty.
 */
export function addTexts(code: string): string {
  const statements = Object.entries(MISSING_TEXTS).map(([group, texts]) => {
    const name = new RegExp(`(\\w+) as ${group}\\b`).exec(code)?.[1];
    const json = JSON.stringify(texts);
    return name ? `add(${name},${json});` : `export const ${group}=${json};`;
  });
  const add =
    'const add=(to,from)=>{for(const k in from)if(typeof from[k]==="object")add(to[k]??={},from[k]);else to[k]||=from[k]};';
  return [code, add, ...statements].join("\n");
}
