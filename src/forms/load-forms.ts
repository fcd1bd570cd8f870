/** Finds the forms: every folder is one. What a form declares, knows and looks like is read once, at start. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPrintable, type Printable } from '../engines/render/index.ts';
import { AppError } from '../shared/index.ts';
import type { Form, Forms } from './contract.ts';
import { createForm } from './create-form.ts';
import { vnDay } from './episode.ts';
import { loadFonts } from './fonts.ts';
import { formInvalid, wrong } from './form-declaration.ts';
import { type FormFolder, ownFormsDir, readFolders } from './form-folder.ts';

/**
 * Loads the forms of `dir`, and those of a hospital's own folder if given (docs/add-a-form.md).
 * Throws `FORM_INVALID` with everything that is wrong in a folder, and if two forms of one id are in force on one day.
 */
export async function loadForms(dir: string = ownFormsDir(), hospitalDir?: string): Promise<Forms> {
  const printable = createPrintable((await loadFonts()).faces);
  const layout = await readFile(join(ownFormsDir(), 'layout.typ'), 'utf8');
  const dirs = hospitalDir === undefined ? [dir] : [dir, hospitalDir];
  const folders = (await Promise.all(dirs.map((each) => readFolders(each, layout)))).flat();
  return arrange(folders, printable);
}

function arrange(folders: readonly FormFolder[], printable: Printable): Forms {
  const forms = folders
    .map((folder) => createForm(folder, printable))
    .toSorted((a, b) => a.id.localeCompare(b.id) || b.inForce.from.localeCompare(a.inForce.from));
  refuseOverlap(forms);

  function find(type: string, eventDate: Date): Form {
    const day = vnDay(eventDate);
    const form = forms.find(
      ({ id, inForce }) => id === type && inForce.from <= day && day <= (inForce.to ?? '9999-12-31'),
    );
    if (form !== undefined) return form;
    throw new AppError('FORM_UNKNOWN', {
      detail: {
        vi: `Không có mẫu giấy tờ “${type.slice(0, 60)}” có hiệu lực vào ngày ${day}`,
        en: `There is no form "${type.slice(0, 60)}" in force on ${day}`,
      },
    });
  }

  return {
    find,
    findFor(type, content, now) {
      const eventField = forms.find(({ id }) => id === type)?.eventField;
      const fields: Record<string, unknown> = typeof content === 'object' && content !== null ? { ...content } : {};
      const stated = eventField === undefined ? undefined : fields[eventField];
      const event =
        typeof stated === 'string' ? new Date(stated.length === 10 ? `${stated}T00:00:00+07:00` : stated) : now;
      // A date that is none, or lies ahead, is the content check's to report, by the form of today.
      return find(type, Number.isNaN(event.getTime()) || event > now ? now : event);
    },
    list: () => forms,
  };
}

function refuseOverlap(forms: readonly Form[]): void {
  forms.forEach((newer, index) => {
    const older = forms[index + 1];
    if (older?.id === newer.id && newer.inForce.from <= (older.inForce.to ?? '9999-12-31')) {
      throw formInvalid(newer.id, [
        wrong('form.yaml/inForce', 'overlap', `two forms are in force from ${newer.inForce.from}`),
      ]);
    }
  });
}
