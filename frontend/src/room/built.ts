/**
 * The address of a file that the build puts beside the scripts under its own name. All scripts are
 * in one folder below them, wherever Django's STATIC_URL is.
 */
export function builtFile(path: string): string {
  const script: string = import.meta.url;
  return new URL(`../${path}`, script).href;
}
