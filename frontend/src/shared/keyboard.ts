/** keyCode of a key that an input method handles. */
const INPUT_METHOD_KEY = 229;

/**
 * Whether the key belongs to an input method, such as the Enter that confirms a word. Safari ends
 * the composition before that Enter, which only `keyCode` then tells apart.
 */
export function isComposing(event: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return event.isComposing || event.keyCode === INPUT_METHOD_KEY;
}
