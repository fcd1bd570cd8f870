/**
 * What a later revision may change, as data: an allow-list of places (EN 319 142-1 §5.5, ISO 32000-2 §12.8.2.2).
 *
 * A *role* says what a value is for the one who came to it along a path from Root or Info. The same object reached in two roles
 * is judged in both, so an alias of a harmless object at a harmful place is seen. What no rule names is `frozen`.
 */
import type { ChangeClass } from './types.ts';

/** Goes up whenever a rule changes, so that a stored verdict tells under which rules it was made. */
export const CHANGE_RULES_VERSION = 2;

export type Role =
  | 'trailer'
  | 'catalog'
  | 'info'
  | 'dss'
  | 'extensions'
  | 'acroform'
  | 'default-resources'
  | 'default-resource-group'
  | 'fields'
  | 'field-kids'
  | 'field'
  | 'page-tree'
  | 'page-kids'
  | 'page'
  | 'page-annotations'
  | 'annotation'
  | 'frozen';

/** A check by code, for rules that depend on more than the place. Named here, implemented in change-checks.ts. */
export type CheckName =
  | 'file-identifier'
  | 'version-grows'
  | 'signature-flags-grow'
  | 'no-longer-needs-appearances'
  | 'field-value'
  | 'field-appearance'
  | 'appearance-state'
  | 'while-signing'
  | 'widget-look'
  | 'widget-flags'
  | 'field-flags'
  | 'first-annotations';

export interface KeyRule {
  /** Role of the value where both revisions have it. */
  readonly role?: Role;
  /** Class of an added, replaced or removed value, whatever it is. */
  readonly added?: ChangeClass;
  readonly changed?: ChangeClass;
  readonly removed?: ChangeClass;
  /** Decides the class instead. */
  readonly check?: CheckName;
}

const anything = (changeClass: ChangeClass): KeyRule => ({
  added: changeClass,
  changed: changeClass,
  removed: changeClass,
});

/** Keys of the trailer and of cross-reference streams that describe the file, not the document (ISO 32000-2 §7.5.5, §7.5.8.2). */
const FILE_KEYS = ['Size', 'Prev', 'XRefStm', 'Type', 'W', 'Index', 'Length', 'Filter', 'DecodeParms', 'DL'];

export const CHANGE_RULES: Readonly<Record<Role, Readonly<Record<string, KeyRule>>>> = {
  trailer: {
    ...Object.fromEntries(FILE_KEYS.map((key) => [key, anything('none')])),
    ID: { check: 'file-identifier' },
    DocChecksum: { removed: 'none' },
    Root: { role: 'catalog' },
    Info: { role: 'info', added: 'metadata' },
  },
  catalog: {
    DSS: { role: 'dss', added: 'ltv' },
    Extensions: { role: 'extensions', added: 'ltv' },
    Version: { check: 'version-grows' },
    Metadata: { added: 'metadata', changed: 'metadata' },
    AcroForm: { role: 'acroform' },
    Pages: { role: 'page-tree' },
  },
  info: { ModDate: anything('metadata'), Producer: anything('metadata') },
  dss: {
    Type: anything('ltv'),
    Certs: anything('ltv'),
    OCSPs: anything('ltv'),
    CRLs: anything('ltv'),
    VRI: anything('ltv'),
  },
  // Each key is the prefix of a developer: see `developerExtension` in change-checks.ts.
  extensions: {},
  acroform: {
    Fields: { role: 'fields' },
    SigFlags: { check: 'signature-flags-grow' },
    NeedAppearances: { check: 'no-longer-needs-appearances' },
    DR: { role: 'default-resources' },
  },
  // New names only: what existing appearances and default appearances use keeps its meaning.
  'default-resources': {},
  'default-resource-group': {},
  fields: {},
  'field-kids': {},
  field: {
    V: { check: 'field-value' },
    AP: { check: 'field-appearance' },
    AS: { check: 'appearance-state' },
    I: { check: 'appearance-state' },
    RV: { check: 'appearance-state' },
    MK: { check: 'widget-look' },
    M: { check: 'while-signing' },
    Lock: { check: 'while-signing' },
    F: { check: 'widget-flags' },
    Ff: { check: 'field-flags' },
    Kids: { role: 'field-kids' },
  },
  'page-tree': { Kids: { role: 'page-kids' } },
  'page-kids': {},
  page: { Annots: { role: 'page-annotations', check: 'first-annotations' } },
  'page-annotations': {},
  // Markup annotations may be written, changed and removed where DocMDP says 3.
  annotation: {
    Contents: anything('annotations'),
    RC: anything('annotations'),
    AP: anything('annotations'),
    Rect: anything('annotations'),
    QuadPoints: anything('annotations'),
    InkList: anything('annotations'),
    Vertices: anything('annotations'),
    L: anything('annotations'),
    C: anything('annotations'),
    CA: anything('annotations'),
    M: anything('annotations'),
    T: anything('annotations'),
    Popup: anything('annotations'),
    Open: anything('annotations'),
    State: anything('annotations'),
    StateModel: anything('annotations'),
  },
  frozen: {},
};

/**
 * Keys under which one object points at a page, a page tree node, a field or the catalog only to name it. There the target is judged
 * as what it is; anywhere else it is judged as what it is used for.
 */
export const NAMING_KEYS: ReadonlySet<string> = new Set(['Parent', 'P', 'Pg', 'Obj', 'Data', 'Popup', 'IRT', 'CO']);

/** Annotations that a commentator makes (ISO 32000-2 table 171, markup annotations and their pop-ups). */
export const MARKUP_SUBTYPES: ReadonlySet<string> = new Set([
  'Text',
  'FreeText',
  'Line',
  'Square',
  'Circle',
  'Polygon',
  'PolyLine',
  'Highlight',
  'Underline',
  'Squiggly',
  'StrikeOut',
  'Caret',
  'Stamp',
  'Ink',
  'Popup',
]);

/** What a signature field that comes with a later revision may hold; no actions (ISO 32000-2 tables 166, 191, 226, 234, 235). */
export const NEW_FIELD_KEYS: ReadonlySet<string> = new Set([
  'Type',
  'Subtype',
  'FT',
  'Parent',
  'Kids',
  'T',
  'TU',
  'TM',
  'Ff',
  'V',
  'DV',
  'DA',
  'Q',
  'Rect',
  'Contents',
  'P',
  'NM',
  'M',
  'F',
  'AP',
  'Border',
  'C',
  'StructParent',
  'MK',
  'BS',
  'H',
  'Lock',
  'SV',
  'Lang',
]);
