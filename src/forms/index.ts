/** The forms a hospital issues, each a folder: what it holds, what the law asks of it, who signs it, how it looks. */
export { parseShape, says } from './content-mistakes.ts';
export type {
  Form,
  FormContent,
  FormDeclaration,
  FormPrint,
  FormSlot,
  Forms,
  PrintContext,
  SlotKind,
} from './contract.ts';
export { CAUSES, type Cause, crossCheckFacts, OUTCOMES, type Outcome, type RecordFacts } from './facts.ts';
export { type FormFonts, loadFonts } from './fonts.ts';
export { ownFormsDir } from './form-folder.ts';
export { loadForms } from './load-forms.ts';
