/** Asks for a picture of any kind. Excalidraw's own dialog lists only those that it can decode. */
export function choosePicture(): Promise<File> {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "image/*,.heic,.heif";
  return new Promise((resolve, reject) => {
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) resolve(file);
    });
    // Excalidraw takes this error for a change of mind.
    input.addEventListener("cancel", () => reject(new DOMException("No file", "AbortError")));
    input.click();
  });
}
