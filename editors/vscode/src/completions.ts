// Completion beside other providers for Python: a name that one of them gives is not given twice.
//
// 1. Theirs cannot be taken away, so vivo's is left out; what the session alone knows stays.
// 2. They are asked at the same moment as by the editor, which waits for all of one language together.
import * as vscode from "vscode";
import type { ProvideCompletionItemsSignature } from "vscode-languageclient/node";

type Given = vscode.CompletionItem[] | vscode.CompletionList | null | undefined;

const PATIENCE = 1000; // milliseconds, of a neighbour that has just begun to read the workspace

export class Completions {
  private readonly asked = new Set<string>();

  /** @param hasNeighbours whether another extension completes Python */
  constructor(private readonly hasNeighbours: () => boolean) {}

  async provide(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.CompletionContext,
    token: vscode.CancellationToken,
    next: ProvideCompletionItemsSignature,
  ): Promise<Given> {
    const place = `${document.uri}@${document.version}:${position.line}:${position.character}`;
    if (this.asked.delete(place)) {
      return undefined; // the question to the others, which comes to all
    }
    if (!this.hasNeighbours()) {
      return next(document, position, context, token);
    }
    const [given, known] = await Promise.all([
      next(document, position, context, token),
      this.others(document.uri, position, place, context.triggerCharacter),
    ]);
    const isNew = ({ label }: vscode.CompletionItem) => !known.has(nameOf(label));
    if (!given || Array.isArray(given)) {
      return given?.filter(isNew);
    }
    given.items = given.items.filter(isNew);
    return given;
  }

  private async others(uri: vscode.Uri, position: vscode.Position, place: string, trigger?: string): Promise<Set<string>> {
    this.asked.add(place);
    const asked = vscode.commands.executeCommand<vscode.CompletionList>(
      "vscode.executeCompletionItemProvider",
      uri,
      position,
      trigger,
    );
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), PATIENCE));
    const told = await Promise.race([asked, late]);
    this.asked.delete(place);
    return new Set(told?.items.map(({ label }) => nameOf(label)));
  }
}

function nameOf(label: string | vscode.CompletionItemLabel): string {
  return typeof label === "string" ? label : label.label;
}
