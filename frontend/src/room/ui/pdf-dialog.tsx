import { useState } from "react";
import type { Board } from "../board/board";
import { insertPdf } from "../board/insert";
import { ApiError } from "../net/http";
import { useWords } from "./context";
import { Button, Dialog, Field } from "./parts";

export function PdfDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const t = useWords();
  const [file, setFile] = useState<File | null>(null);
  const [layout, setLayout] = useState<"column" | "pages">("column");
  const [progress, setProgress] = useState<{ done: number; count: number } | null>(null);
  const [failed, setFailed] = useState("");

  const put = async () => {
    if (!file) return;
    setFailed("");
    try {
      await insertPdf(board, file, layout, (done, count) => setProgress({ done, count }));
      onClose();
    } catch (error) {
      setProgress(null);
      setFailed(error instanceof ApiError && error.message ? error.message : t("pdfFailed"));
    }
  };
  return (
    <Dialog
      title={t("pdfTitle")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" disabled={!file || progress !== null} onClick={() => void put()}>
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
