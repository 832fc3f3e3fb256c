/** Decodes HEIC with libheif, for browsers that cannot do so themselves. */

interface HeifImage {
  get_width(): number;
  get_height(): number;
  is_primary(): boolean;
  display(target: ImageData, done: (shown: ImageData | null) => void): void;
}

interface Libheif {
  HeifDecoder: new () => { decode(file: Uint8Array): HeifImage[] };
}

/** `url` is that of libheif's module, which has 2 MB and is loaded when it is first needed. */
export async function decodeHeic(file: Blob, url: string): Promise<ImageBitmap> {
  const module = (await import(/* @vite-ignore */ url)) as { default: () => Libheif };
  const { HeifDecoder } = module.default();
  const images = new HeifDecoder().decode(new Uint8Array(await file.arrayBuffer()));
  const image = images.find((each) => each.is_primary()) ?? images[0];
  if (!image) throw new Error("no picture in this file");
  const target = new ImageData(image.get_width(), image.get_height());
  const pixels = await new Promise<ImageData | null>((resolve) => image.display(target, resolve));
  if (!pixels) throw new Error("libheif could not decode this picture");
  return createImageBitmap(pixels);
}
