/** How long a text is, in the unit of the platform that it is for. */
export type MeasureText = (text: string) => number;

/** JavaScript's own length: UTF-16 units. */
export const utf16Length: MeasureText = (text) => text.length;

export interface Fence {
  /** What closes the block. */
  readonly marker: string;
  /** What opens it again, with its language. */
  readonly opening: string;
}

/** The code block that is open after `line`, when `open` was before it. */
export type NextFence = (open: Fence | undefined, line: string) => Fence | undefined;

/**
 * Cuts a text into parts of at most `max`, at line ends where it can, then at spaces, then anywhere but
 * inside a character. A code block that is cut is closed in one part and opened again in the next; both
 * halves of that fit within `max`. A text that fits comes back as it is. Nothing but white space at the
 * cuts is lost. `max` must be at least 64. `nextFence` knows what opens and closes a code block on the platform.
 */
export function splitText(
  text: string,
  max: number,
  measure: MeasureText = utf16Length,
  nextFence: NextFence = commonMarkFence,
): readonly string[] {
  if (measure(text) <= max) return [text];
  const splitter = new Splitter(max, measure, nextFence);
  for (const line of text.split('\n')) splitter.add(line);
  return splitter.finish();
}

class Splitter {
  readonly #max: number;
  readonly #measure: MeasureText;
  readonly #nextFence: NextFence;
  readonly #parts: string[] = [];
  #lines: string[] = [];
  #size = 0;
  #fence: Fence | undefined;

  constructor(max: number, measure: MeasureText, nextFence: NextFence) {
    this.#max = max;
    this.#measure = measure;
    this.#nextFence = nextFence;
  }

  add(line: string): void {
    const fenceAfter = this.#nextFence(this.#fence, line);
    if (!this.#fits(line, fenceAfter)) this.#cut();
    if (this.#fits(line, fenceAfter)) this.#append(line);
    else this.#addPieces(line);
    this.#fence = fenceAfter;
  }

  /** At least one part, also of nothing but white space. */
  finish(): readonly string[] {
    this.#flush(false);
    return this.#parts.length > 0 ? this.#parts : [''];
  }

  /** A line that fits in no part whole. A block may open or close within it. */
  #addPieces(line: string): void {
    for (let rest = line; rest !== '';) {
      const room = this.#max - this.#size - (this.#lines.length > 0 ? 1 : 0);
      const piece = this.#takePiece(rest, room);
      if (piece === '') {
        this.#cut();
        continue;
      }
      this.#append(piece.trimEnd());
      rest = rest.slice(piece.length);
      this.#fence = this.#nextFence(this.#fence, piece);
      if (rest !== '') this.#cut();
    }
  }

  /** As much of `text` as fits in `room` together with what closes the block that is open after it. */
  #takePiece(text: string, room: number): string {
    let reserve = this.#closingSize(this.#fence);
    for (;;) {
      const piece = takeUpTo(text, room - reserve, this.#measure);
      const closing = this.#closingSize(this.#nextFence(this.#fence, piece));
      if (closing <= reserve) return piece;
      reserve = closing;
    }
  }

  #fits(line: string, fenceAfter: Fence | undefined): boolean {
    const separator = this.#lines.length > 0 ? 1 : 0;
    return this.#size + separator + this.#measure(line) + this.#closingSize(fenceAfter) <= this.#max;
  }

  #append(line: string): void {
    this.#size += (this.#lines.length > 0 ? 1 : 0) + this.#measure(line);
    this.#lines.push(line);
  }

  /** Ends the part here and begins the next one in the same code block. */
  #cut(): void {
    if (!this.#flush(this.#fence !== undefined)) return;
    if (this.#fence) this.#append(this.#reopening(this.#fence));
  }

  #flush(close: boolean): boolean {
    const onlyReopened =
      this.#fence !== undefined &&
      this.#lines.length === 1 &&
      this.#lines[0] === this.#reopening(this.#fence);
    if (close && onlyReopened) return false;
    const text = this.#lines.join('\n').replace(/^\n+|\s+$/g, '');
    if (text !== '') this.#parts.push(close && this.#fence ? `${text}\n${this.#fence.marker}` : text);
    this.#clear();
    return true;
  }

  #clear(): void {
    this.#lines = [];
    this.#size = 0;
  }

  /** Without its language when that is so long that it would crowd out the code. */
  #reopening(fence: Fence): string {
    return this.#measure(fence.opening) <= this.#max / 4 ? fence.opening : fence.marker;
  }

  #closingSize(fence: Fence | undefined): number {
    return fence ? this.#measure(fence.marker) + 1 : 0;
  }
}

/** https://spec.commonmark.org/0.31.2/#fenced-code-blocks */
function commonMarkFence(open: Fence | undefined, line: string): Fence | undefined {
  // A run so long that it would crowd out the code is left as the text that it is.
  const match = /^ {0,3}(`{3,16}(?!`)|~{3,16}(?!~))(.*)$/.exec(line);
  const [, marker = '', info = ''] = match ?? [];
  if (marker === '') return open;
  if (open) return marker.startsWith(open.marker) && info.trim() === '' ? undefined : open;
  // A run of backticks with more of them behind it is inline code.
  return marker.startsWith('`') && info.includes('`') ? undefined : { marker, opening: line };
}

/** The beginning of `text` that measures at most `room`, up to a space where there is one in its second half. */
function takeUpTo(text: string, room: number, measure: MeasureText): string {
  if (measure(text) <= room) return text;
  let end = 0;
  let size = 0;
  for (const character of text) {
    size += measure(character);
    if (size > room) break;
    end += character.length;
  }
  const space = text.lastIndexOf(' ', end - 1);
  if (space > end / 2) return text.slice(0, space + 1);
  // A run of marks that is cut means something else on either side.
  const run = /(`+|~+)$/.exec(text.slice(0, end))?.[0] ?? '';
  return text.slice(0, run !== '' && text[end] === run[0] && run.length < end ? end - run.length : end);
}
