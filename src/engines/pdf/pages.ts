/** Pages by number and numbers of pages (ISO 32000-2 §7.7.3), bounded and safe against loops. */
import type { PdfView } from './file.ts';
import { isRef, type PdfDict, type PdfRef } from './objects.ts';
import { badSyntax } from './refusal.ts';

const MAX_TREE_DEPTH = 64;
const MAX_PAGES = 200_000;

/** References of all pages in order. Throws PDF_SYNTAX if the tree loops or holds direct pages. */
export function pageRefs(view: PdfView): PdfRef[] {
  const pages: PdfRef[] = [];
  const seen = new Set<number>();
  const walk = (node: PdfRef, depth: number): void => {
    const dict = view.dict(node);
    if (seen.has(node.num) || depth > MAX_TREE_DEPTH || pages.length > MAX_PAGES) throw brokenTree();
    seen.add(node.num);
    const kids = view.array(dict?.get('Kids'));
    if (kids === undefined) {
      if (dict !== undefined) pages.push(node);
      return;
    }
    for (const kid of kids) {
      if (isRef(kid)) walk(kid, depth + 1);
      else if (kid !== null) throw brokenTree();
    }
  };
  const root = view.root.get('Pages');
  if (!isRef(root)) throw brokenTree();
  walk(root, 0);
  return pages;
}

/**
 * 0-based number of a page, counted up through its parents by /Count, without reading the rest of the tree;
 * undefined if it hangs on no tree.
 */
export function pageNumber(view: PdfView, page: PdfRef): number | undefined {
  let before = 0;
  let child = page;
  for (let depth = 0; depth < MAX_TREE_DEPTH; depth++) {
    const parent: unknown = view.dict(child)?.get('Parent');
    if (!isRef(parent as PdfRef)) return depth > 0 && isTreeRoot(view, child) ? before : undefined;
    let found = false;
    for (const kid of view.array(view.dict(parent as PdfRef)?.get('Kids')) ?? []) {
      if (isRef(kid) && kid.num === child.num) {
        found = true;
        break;
      }
      const dict = view.dict(kid);
      if (dict !== undefined) before += dict.has('Kids') ? (view.number(dict.get('Count')) ?? 0) : 1;
    }
    if (!found) return undefined;
    child = parent as PdfRef;
  }
  return undefined;
}

function isTreeRoot(view: PdfView, node: PdfRef): boolean {
  const root = view.root.get('Pages');
  return isRef(root) && root.num === node.num;
}

/** A value that pages inherit (/MediaBox, /CropBox, /Rotate, /Resources: ISO 32000-2 table 31). */
export function inheritedFromTree(view: PdfView, page: PdfRef, key: string): ReturnType<PdfDict['get']> {
  let node = view.dict(page);
  for (let depth = 0; node !== undefined && depth < MAX_TREE_DEPTH; depth++) {
    if (node.has(key)) return node.get(key);
    node = view.dict(node.get('Parent'));
  }
  return undefined;
}

const brokenTree = () => badSyntax(0, 'Cây trang bị hỏng', 'The page tree is broken');
