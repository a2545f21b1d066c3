// What differs between two texts: a longest common subsequence of their words, or of their lines
// where there are too many words.

/** Cells of the table that one comparison may fill: 8 MB and some ten milliseconds. */
const DIFF_CELLS_MAX = 4_000_000;

const WORDS = /\s+|[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]/gu;
const LINES = /[^\n]*\n|[^\n]+$/g;

/**
 * The pieces of both texts in reading order: {kind: "same" | "removed" | "added", text}, where
 * removed is in `before` only. Null when the texts are too long to compare.
 */
function diffTexts(before, after) {
    for (const pattern of [WORDS, LINES]) {
        const pieces = diffTokens(before.match(pattern) ?? [], after.match(pattern) ?? []);
        if (pieces !== null) return pieces;
    }
    return null;
}

function diffTokens(before, after) {
    const shorter = Math.min(before.length, after.length);
    let head = 0;
    while (head < shorter && before[head] === after[head]) head++;
    let tail = 0;
    while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;

    const left = before.slice(head, before.length - tail);
    const right = after.slice(head, after.length - tail);
    if ((left.length + 1) * (right.length + 1) > DIFF_CELLS_MAX) return null;
    return joinPieces([
        ...before.slice(0, head).map((text) => ({ kind: "same", text })),
        ...diffMiddle(left, right),
        ...after.slice(after.length - tail).map((text) => ({ kind: "same", text })),
    ]);
}

/** The textbook table of common lengths, from the end, so that it is walked in reading order. */
function diffMiddle(left, right) {
    const columns = right.length + 1;
    const common = new Uint16Array((left.length + 1) * columns);
    for (let i = left.length - 1; i >= 0; i--) {
        for (let j = right.length - 1; j >= 0; j--) {
            const at = i * columns + j;
            common[at] =
                left[i] === right[j]
                    ? common[at + columns + 1] + 1
                    : Math.max(common[at + columns], common[at + 1]);
        }
    }
    const pieces = [];
    let i = 0;
    let j = 0;
    while (i < left.length || j < right.length) {
        const at = i * columns + j;
        if (i < left.length && j < right.length && left[i] === right[j]) {
            pieces.push({ kind: "same", text: left[i++] });
            j++;
        } else if (
            j === right.length ||
            (i < left.length && common[at + columns] >= common[at + 1])
        ) {
            pieces.push({ kind: "removed", text: left[i++] });
        } else {
            pieces.push({ kind: "added", text: right[j++] });
        }
    }
    return pieces;
}

/**
 * Neighbours of one kind become one piece. A space between two replaced words is replaced with
 * them: "New York" against "Los Angeles" is one change and not two.
 */
function joinPieces(pieces) {
    const joined = [];
    let removed = "";
    let added = "";
    const endChange = () => {
        if (removed) joined.push({ kind: "removed", text: removed });
        if (added) joined.push({ kind: "added", text: added });
        removed = "";
        added = "";
    };
    pieces.forEach(({ kind, text }, at) => {
        const changeGoesOn = at + 1 < pieces.length && pieces[at + 1].kind !== "same";
        const isReplaced = removed !== "" && added !== "";
        const isBridge = kind === "same" && isReplaced && changeGoesOn && text.trim() === "";
        if (kind === "removed" || isBridge) removed += text;
        if (kind === "added" || isBridge) added += text;
        if (kind !== "same" || isBridge) return;
        endChange();
        if (joined.at(-1)?.kind === "same") {
            joined.at(-1).text += text;
        } else {
            joined.push({ kind, text });
        }
    });
    endChange();
    return joined;
}
