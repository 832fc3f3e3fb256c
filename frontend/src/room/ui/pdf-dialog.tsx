import { useEffect, useRef, useState } from "react";
import type { Board } from "../board/board";
import { insertPdf } from "../board/insert";
import { reasonOf } from "../net/http";
import { useWords } from "./context";
import { Button, Dialog, Field } from "./parts";

export function PdfDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const t = useWords();
  const [file, setFile] = useState<File | null>(null);
  const [layout, setLayout] = useState<"column" | "pages">("column");
  const [progress, setProgress] = useState<{ done: number; count: number } | null>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const stop = useRef<AbortController>(null);
  useEffect(() => () => stop.current?.abort(), []);

  const put = async () => {
    if (!file) return;
    setFailed("");
    setBusy(true);
    stop.current = new AbortController();
    const { signal } = stop.current;
    const tell = (done: number, count: number) => setProgress({ done, count });
    try {
      const { left } = await insertPdf(board, file, layout, tell, signal);
      if (signal.aborted) return;
      if (left) board.tell(t("pdfLeft", { left }));
      onClose();
    } catch (error) {
      setProgress(null);
      setBusy(false);
      setFailed(reasonOf(error, t("pdfFailed")));
    }
  };
  return (
    <Dialog
      title={t("pdfTitle")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" disabled={!file || busy} onClick={() => void put()}>
            {t("pdfInsert")}
          </Button>
        </>
      }
    >
      <Field label={t("pdfFile")}>
        <input
          type="file"
          accept="application/pdf"
          onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        />
      </Field>
      <fieldset className="room-choice">
        <legend>{t("pdfLayout")}</legend>
        {(["column", "pages"] as const).map((value) => (
          <label key={value}>
            <input
              type="radio"
              name="layout"
              checked={layout === value}
              onChange={() => setLayout(value)}
            />
            <span>{t(value === "column" ? "pdfColumn" : "pdfPages")}</span>
          </label>
        ))}
      </fieldset>
      <p role="status">{progress && t("pdfProgress", progress)}</p>
      {failed && (
        <p className="room-error" role="alert">
          {failed}
        </p>
      )}
    </Dialog>
  );
}
