import { type RefObject, useEffect, useRef, useState } from "react";
import { errorMessage } from "../../shared/api";
import { gettext, interpolate } from "../../shared/gettext";
import type { Board } from "../board/board";
import { changeFormula, insertFormula, selectedFormula } from "../board/images/insert";
import { Button, Dialog, Field } from "./components";

/** The key's label and the text that it inserts; the cursor moves to the first pair of braces. */
const FORMULA_KEYS: readonly (readonly [string, string])[] = [
  ["a⁄b", "\\frac{}{}"],
  ["√", "\\sqrt{}"],
  ["xⁿ", "^{}"],
  ["xₙ", "_{}"],
  ["∑", "\\sum_{}^{}"],
  ["∫", "\\int_{}^{}"],
  ["lim", "\\lim_{x \\to {}}"],
  ["π", "\\pi "],
  ["α", "\\alpha "],
  ["≤", "\\le "],
  ["≠", "\\ne "],
  ["⇒", "\\Rightarrow "],
];

/** An empty string without an error. */
function usePreview(source: string, host: HTMLElement | null): string {
  const [reason, setReason] = useState("");
  useEffect(() => {
    let current = true;
    void import("../board/images/formula").then(({ showFormula, parseErrorText }) => {
      if (!current || !host) return;
      try {
        showFormula(source, host);
        setReason("");
      } catch (error) {
        setReason(parseErrorText(error) ?? String(error));
      }
    });
    return () => {
      current = false;
    };
  }, [source, host]);
  return reason;
}

function FormulaKeys({ input }: { input: RefObject<HTMLTextAreaElement | null> }) {
  const insertKey = (text: string) => {
    const area = input.current;
    if (!area) return;
    const at = area.selectionStart;
    area.focus();
    area.setRangeText(text, at, area.selectionEnd, "end");
    const inside = text.indexOf("{}");
    if (inside >= 0) area.setSelectionRange(at + inside + 1, at + inside + 1);
    // React notices the change only through an input event.
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  return (
    <div className="room-formula-keys">
      {FORMULA_KEYS.map(([shown, text]) => (
        <button
          key={text}
          type="button"
          className="btn"
          aria-label={text.trim()}
          onClick={() => insertKey(text)}
        >
          {shown}
        </button>
      ))}
    </div>
  );
}

export function FormulaDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const [old] = useState(() => board.api && selectedFormula(board.api));
  const [source, setSource] = useState(old?.latex ?? "x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}");
  const [host, setHost] = useState<HTMLElement | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const reason = usePreview(source, host);
  const [failed, setFailed] = useState("");

  const insert = async () => {
    setBusy(true);
    setFailed("");
    try {
      if (old) await changeFormula(board, old.element, source);
      else await insertFormula(board, source);
      onClose();
    } catch (error) {
      setFailed(errorMessage(error, gettext("The picture could not be saved.")));
      setBusy(false);
    }
  };
  const ready = source.trim() !== "" && reason === "" && !busy;
  return (
    <Dialog
      title={old ? gettext("Edit formula") : gettext("Formula")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{gettext("Cancel")}</Button>
          <Button variant="primary" disabled={!ready} onClick={() => void insert()}>
            {old ? gettext("Save") : gettext("Add to board")}
          </Button>
        </>
      }
    >
      <FormulaKeys input={input} />
      <Field label={gettext("LaTeX")}>
        <textarea
          ref={input}
          className="code"
          rows={3}
          spellCheck={false}
          value={source}
          onChange={(event) => setSource(event.target.value)}
        />
      </Field>
      <section className="room-formula-preview" aria-label={gettext("Preview")}>
        <div ref={setHost} />
      </section>
      <p className="room-error" role="status">
        {reason ? interpolate(gettext("Error in the formula: %(reason)s"), { reason }) : failed}
      </p>
    </Dialog>
  );
}
