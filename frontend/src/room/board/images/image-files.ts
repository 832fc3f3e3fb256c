/** At this size a photograph of a notebook is readable. */
export const MAX_SHOWN_SIDE = 2560;

export async function loadImage(address: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/** The size of a picture scaled down to `maxSide`. */
export function fitInto(width: number, height: number, maxSide: number) {
  const scale = Math.min(1, maxSide / Math.max(width, height));
  return {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
}

/** Converts any image that the browser can decode, such as an SVG, to PNG. */
export async function toPng(blob: Blob): Promise<Blob> {
  const address = URL.createObjectURL(blob);
  try {
    const image = await loadImage(address);
    const canvas = document.createElement("canvas");
    Object.assign(
      canvas,
      fitInto(image.naturalWidth || 300, image.naturalHeight || 300, MAX_SHOWN_SIDE),
    );
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await canvasToBlob(canvas);
  } finally {
    URL.revokeObjectURL(address);
  }
}

export function canvasToBlob(canvas: HTMLCanvasElement, type = "image/png"): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("empty canvas"))), type, 0.9);
  });
}

export function downloadBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Keeps letters and digits of any script; other characters may be invalid in a file name. */
export function toFileName(title: string): string {
  return title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "") || "board";
}
