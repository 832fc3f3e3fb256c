import { gettext } from "../../shared/gettext";
import { keyLabel } from "../board/key-labels";
import { Dialog } from "./components";
import { useConfig } from "./context";

const isMac = /Mac|iP/.test(navigator.platform);

/** What a key does, and the keys; a letter is that of a US keyboard. */
type Shortcut = readonly [label: string, ...keys: string[]];

const TOOLS: readonly Shortcut[] = [
  [gettext("Hand (move the board)"), "H"],
  [gettext("Select"), "V", "1"],
  [gettext("Rectangle"), "R", "2"],
  [gettext("Diamond"), "D", "3"],
  [gettext("Ellipse"), "O", "4"],
  [gettext("Arrow"), "A", "5"],
  [gettext("Line"), "L", "6"],
  [gettext("Pen"), "P", "7"],
  [gettext("Text"), "T", "8"],
  [gettext("Picture"), "9"],
  [gettext("Eraser"), "E", "0"],
  [gettext("Laser pointer"), "K"],
  [gettext("Keep the tool selected"), "Q"],
];
const EDITING: readonly Shortcut[] = [
  [gettext("Undo last action"), "Ctrl+Z"],
  [gettext("Redo"), "Ctrl+Shift+Z"],
  [gettext("Select everything"), "Ctrl+A"],
  [gettext("Duplicate"), "Ctrl+D"],
  [gettext("Group"), "Ctrl+G"],
  [gettext("Ungroup"), "Ctrl+Shift+G"],
  [gettext("Copy"), "Ctrl+C"],
  [gettext("Paste"), "Ctrl+V"],
  [gettext("Find on the board"), "Ctrl+F"],
  [gettext("Delete"), "Delete"],
  [gettext("Zoom in"), "Ctrl++"],
  [gettext("Zoom out"), "Ctrl+-"],
];

function ShortcutList({ title, shortcuts }: { title: string; shortcuts: readonly Shortcut[] }) {
  const { locale } = useConfig();
  return (
    <section>
      <h3>{title}</h3>
      <dl className="room-shortcuts">
        {shortcuts.map(([label, ...keys]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{keyLabel(key, locale, isMac)}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={gettext("Keyboard shortcuts")} wide onClose={onClose}>
      <p>{gettext("The keys work on every keyboard layout.")}</p>
      <ShortcutList title={gettext("Tools")} shortcuts={TOOLS} />
      <ShortcutList title={gettext("Editing")} shortcuts={EDITING} />
    </Dialog>
  );
}
