/**
 * Attachments: files that belong to a move, hashed in the browser; name, hash and kind are registered, the file stays here.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { canHash, MOST_BYTES, sha256 } from "../shared/hash.js";
import { translate, t } from "../shared/i18n.js";

const KINDS = ["photo", "record", "document"];
const NAME_MOST = 128;

/** @typedef {{name: string, sha256: string, kind: string}} Attachment */

/**
 * Return a control for attachments.
 * @param {import("../shared/controls.js").Field} field
 * @param {{kind?: string, capture?: boolean, changed?: () => void}} [how] `kind`: of files that are no pictures; `capture`: the
 *     phone's camera is offered; `changed`: called after each change
 * @returns {import("../shared/controls.js").Control & {add: (files: Iterable<File>, kind?: string) => Promise<void>}}
 */
export function attachmentsControl(field, { kind = "document", capture = false, changed = () => {} } = {}) {
  /** @type {Attachment[]} */
  let held = [];
  const list = h("ul", { class: "attached" });
  const said = h("p", { class: "note", role: "status" });
  const input = /** @type {HTMLInputElement} */ (h("input", { type: "file", multiple: true, class: "unseen", name: field.name, on: { change: () => void add([...(input.files ?? [])]) } }));
  if (capture) input.accept = "image/*,application/pdf,text/plain";
  input.disabled = !canHash();
  const draw = () => fill(list, held.map((one) => {
    const kinds = /** @type {HTMLSelectElement} */ (h("select", { on: { change: () => { one.kind = kinds.value; changed(); } } }, KINDS.map((each) => translate(h("option", { value: each }), `attach.${each}`))));
    kinds.value = one.kind;
    translate(kinds, "attach.kind", {}, "aria-label");
    const drop = h("button", { class: "quiet", type: "button", on: { click: () => { held = held.filter((other) => other !== one); draw(); changed(); } } }, "×");
    translate(drop, "attach.remove", { name: one.name }, "aria-label");
    return h("li", {}, h("span", { class: "attached-name" }, one.name), kinds, drop, h("code", { class: "hash", title: one.sha256 }, one.sha256));
  }));

  /** @param {Iterable<File>} files @param {string} [as] */
  async function add(files, as) {
    translate(said, "attach.hashing");
    /** @type {[string, Record<string, string>] | null} */
    let fault = null;
    for (const file of files) {
      const name = file.name.slice(-NAME_MOST);
      if (file.size > MOST_BYTES) {
        fault = ["attach.large", { name, most: "512 MB" }];
        continue;
      }
      try {
        const hash = await sha256(await file.arrayBuffer());
        held = [...held.filter((one) => one.sha256 !== hash), { name, sha256: hash, kind: as ?? (file.type.startsWith("image/") ? "photo" : kind) }];
      } catch (error) {
        if (!(error instanceof DOMException)) throw error;
        fault = ["attach.unread", { name }];
      }
    }
    translate(said, ...(fault ?? /** @type {[string]} */ (["attach.note"])));
    input.value = "";
    draw();
    changed();
  }

  translate(said, canHash() ? "attach.note" : "attach.insecure");
  return {
    node: h("div", { class: "field", "data-field": field.name },
      h("span", { class: "field-name" }, translate(h("span"), field.words), field.must ? h("b", { class: "must", "aria-hidden": "true" }, " *") : null),
      h("label", { class: "button file-choice" }, translate(h("span"), "attach.add"), input), list, said),
    add,
    read: () => (held.length ? held : undefined),
    write(value) {
      held = (value ?? []).map((/** @type {Attachment} */ one) => ({ ...one }));
      draw();
    },
    focus: () => input.focus(),
  };
}

/** Return an attachment in a line: its kind, its name, and its hash as a code. @param {Attachment} one */
export function attachmentLine(one) {
  return h("span", { class: "attached-line" }, `${t(`attach.${one.kind}`)} ${one.name} `, h("code", { class: "hash", title: one.sha256 }, one.sha256));
}
