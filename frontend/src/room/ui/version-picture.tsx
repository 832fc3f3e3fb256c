import { useEffect, useRef, useState } from "react";
import type * as Y from "yjs";
import { gettext } from "../../shared/gettext";
import type { ImageStore } from "../board/images/image-store";

/** A rendered image of the version, which is read-only. */
export function VersionPicture({
  files,
  doc,
  page,
  label,
}: {
  files: ImageStore;
  doc: Y.Doc;
  page: string;
  label: string;
}) {
  const host = useRef<HTMLDivElement>(null);
  const [blank, setBlank] = useState(false);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let current = true;
    const show = async () => {
      const { renderPage } = await import("../board/render");
      const canvas = await renderPage(doc, page, files, 1).catch(() => undefined);
      if (!current) return;
      setFailed(canvas === undefined);
      setBlank(canvas === null);
      if (canvas) host.current?.replaceChildren(canvas);
      else host.current?.replaceChildren();
    };
    void show();
    return () => {
      current = false;
    };
  }, [files, doc, page]);
  return (
    <div className="room-history-picture">
      <div ref={host} role="img" aria-label={label} />
      {blank && <p>{gettext("This page was empty then.")}</p>}
      {failed && <p>{gettext("This version can’t be displayed.")}</p>}
    </div>
  );
}
