/**
 * URL of a file that the build copies under its original name. Scripts are one folder below it,
 * whatever Django's STATIC_URL is.
 */
export function assetUrl(path: string): string {
  const script: string = import.meta.url;
  return new URL(`../${path}`, script).href;
}
