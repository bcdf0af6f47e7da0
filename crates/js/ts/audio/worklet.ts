/** Our code on the browser's audio thread, and how the page talks to it. */

const ANSWER_MS = 5_000;

/**
 * The base of our processors: a message `{ event, id?, ... }` calls the method `event`, and one with an `id` is answered
 * with what that returns. Text, because bundlers rename what is in code, and know nothing of a file that is loaded by URL.
 */
const PROCESSOR = `
class VivavoceProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      const answer = this[data.event](data);
      if (data.id !== undefined) this.port.postMessage({ id: data.id, answer });
    };
  }
}
`;

/** A processor of ours: `source` has a class of that `name`, which extends `VivavoceProcessor`. */
export interface Processor {
  name: string;
  source: string;
}

interface Question {
  resolve(answer: unknown): void;
  reject(reason: Error): void;
}

/** A node whose processor is ours. `Told` is what it says unasked. */
export class Worklet<Told> {
  readonly node: AudioWorkletNode;
  readonly #questions = new Map<number, Question>();
  #lastId = 0;

  private constructor(node: AudioWorkletNode, onTold: (told: Told) => void) {
    this.node = node;
    node.port.onmessage = ({ data }: MessageEvent<Told | { id: number; answer: unknown }>) => {
      if (isAnswer(data)) this.#questions.get(data.id)?.resolve(data.answer);
      else onTold(data);
    };
  }

  /** Loads a processor into a context, and makes a node of it. Throws where the browser or the page forbids it. */
  static async load<Told>(
    context: AudioContext,
    { name, source }: Processor,
    options: AudioWorkletNodeOptions,
    onTold: (told: Told) => void,
  ): Promise<Worklet<Told>> {
    const code = `${PROCESSOR}${source}\nregisterProcessor('${name}', ${name});`;
    const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    try {
      await context.audioWorklet.addModule(url);
    } catch (cause) {
      throw new Error(
        "Could not load the audio worklet: the page's content security policy must have blob: in its script-src",
        { cause },
      );
    } finally {
      URL.revokeObjectURL(url);
    }
    return new Worklet(new AudioWorkletNode(context, name, options), onTold);
  }

  /** Calls a method of the processor, without waiting. What is in `transfer` is not copied, and gone here. */
  tell(event: string, details: object = {}, transfer: Transferable[] = []): void {
    this.node.port.postMessage({ ...details, event }, transfer);
  }

  /** Calls a method of the processor and returns its result. All that was told before has come by then, both ways. */
  ask(event: string): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        settled();
        reject(new Error(`The audio thread did not answer to '${event}' within ${ANSWER_MS} ms`));
      }, ANSWER_MS);
      const settled = () => {
        clearTimeout(limit);
        this.#questions.delete(id);
      };
      this.#questions.set(id, {
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (reason) => {
          settled();
          reject(reason);
        },
      });
      this.tell(event, { id });
    });
  }

  /** Ends the conversation with the processor. What was asked and not answered fails. */
  close(): void {
    this.node.port.close();
    this.node.disconnect();
    for (const question of this.#questions.values()) question.reject(new Error('The audio thread was closed'));
  }
}

function isAnswer(data: unknown): data is { id: number; answer: unknown } {
  return typeof data === 'object' && data !== null && 'id' in data;
}

/** Throws where the page cannot have worklets. */
export function checkSecureContext(): void {
  if (!globalThis.isSecureContext) {
    throw new Error('Browsers allow microphone and audio worklets to secure pages only: serve this one over https or from localhost');
  }
}
