// The table of units: its controls, its pages and its rows. Only one page is in the document, so
// that five thousand units stay quick.

const ROWS_PER_PAGE = 50;
const PREVIEW_CHARACTERS = 160;

class UnitTable {
    constructor(report, page, units) {
        this.report = report;
        this.page = page;
        this.units = units;
        this.scoreNames = namesOf(report.variants.map((variant) => variant.scores));
        this.columns = unitColumns(report, units, this.scoreNames, page.repetitions);
        this.groupings = new Map(groupings(units, report, this.scoreNames, page.repetitions));
        this.body = element("tbody");
        this.count = element("p", { class: "count", role: "status" });
        this.pager = element("nav", { class: "pager", "aria-label": "Pages of units" });
        this.reset();
    }

    /** The state without any filter, in the order of the file: failures first. */
    reset() {
        this.filters = {};
        this.sort = { id: "", descending: false };
        this.group = "";
        this.closedGroups = new Set();
        this.openUnits = new Set();
        this.first = 0;
    }

    render() {
        this.controls = element("form", { class: "controls", onsubmit: (e) => e.preventDefault() });
        this.head = element("thead");
        this.renderControls();
        this.update();
        return element(
            "div",
            {},
            this.controls,
            this.count,
            element(
                "div",
                { class: "scroll", tabindex: "0", role: "group", "aria-label": "Units" },
                element("table", { class: "units" }, this.head, this.body),
            ),
            this.pager,
        );
    }

    // --- Controls ---------------------------------------------------------------------------

    renderControls() {
        const set = (name) => (value) => this.setFilter(name, value);
        const variants = this.report.variants.map(({ name }) => [name, name]);
        this.scoreControls = element("span", { class: "score-controls" });
        this.controls.replaceChildren(
            this.searchField(),
            variants.length > 1
                ? choice("Variant", [["", "all"], ...variants], set("variant"))
                : "",
            choice("Status", this.statusOptions(), set("status")),
            choice("Score", [["", "any"], ...this.scoreNames.map((n) => [n, n])], (name) =>
                this.chooseScore(name),
            ),
            this.scoreControls,
            choice(
                "Group by",
                [["", "nothing"], ...[...this.groupings.keys()].map((n) => [n, n])],
                (name) => this.setGroup(name),
            ),
            this.sortField(),
            element("button", { type: "button", onclick: () => this.resetControls() }, "Reset"),
        );
    }

    searchField() {
        const input = element("input", {
            type: "search",
            placeholder: "text in any field",
            autocomplete: "off",
            oninput: () => this.setFilter("search", input.value.trim()),
        });
        return element("label", { class: "field search" }, element("span", {}, "Search"), input);
    }

    statusOptions() {
        const count = (status) => filterUnits(this.units, { status }, this.page).length;
        const attention = ["attention", `needs attention (${formatCount(count("attention"))})`];
        const statuses = Object.entries(UNIT_STATUS)
            .map(([status, label]) => [status, label, count(status)])
            .filter(([, , n]) => n > 0)
            .map(([status, label, n]) => [status, `${label} (${formatCount(n)})`]);
        return [["", "all"], attention, ...statuses];
    }

    /** The bounds of a number, or the values of a score that has only some. */
    chooseScore(name) {
        this.setFilter("score", name && { name });
        const values = [...new Set(this.units.map((unit) => scoreOf(unit, name)))];
        const known = values.filter((value) => value !== undefined);
        const narrow = (change) => this.setFilter("score", { ...this.filters.score, ...change });
        if (name === "" || known.length === 0) {
            this.scoreControls.replaceChildren();
        } else if (known.every((value) => typeof value === "number")) {
            this.scoreControls.replaceChildren(
                numberField("at least", (min) => narrow({ min })),
                numberField("at most", (max) => narrow({ max })),
            );
        } else {
            const options = known
                .map(String)
                .toSorted(compareValues)
                .map((value) => [value, value]);
            if (known.length < values.length) options.push([NO_VALUE, NO_VALUE]);
            this.scoreControls.replaceChildren(
                choice("Value", [["", "any"], ...options], (value) => narrow({ value })),
            );
        }
    }

    sortField() {
        const columns = this.columns.map(({ id, title }) => [id, title]);
        const field = choice("Sort by", [["", "failures first"], ...columns], (id) =>
            this.setSort(id, false),
        );
        this.sortSelect = field.querySelector("select");
        this.direction = element("button", {
            type: "button",
            class: "direction",
            onclick: () => this.setSort(this.sort.id, !this.sort.descending),
        });
        return element("span", { class: "pair" }, field, this.direction);
    }

    resetControls() {
        this.reset();
        this.renderControls();
        this.update();
    }

    setFilter(name, value) {
        this.filters[name] = value;
        this.first = 0;
        this.update();
    }

    setGroup(name) {
        this.group = name;
        this.closedGroups.clear();
        this.first = 0;
        this.update();
    }

    setSort(id, descending) {
        this.sort = { id, descending };
        this.first = 0;
        this.update();
    }

    // --- What is shown ----------------------------------------------------------------------

    /** Units and headings of groups, as lines of the whole table. */
    lines() {
        const column = this.columns.find(({ id }) => id === this.sort.id);
        const units = sortUnits(this.shown, column, this.sort.descending);
        const nameOf = this.groupings.get(this.group);
        if (!nameOf) return units.map((unit) => ({ unit }));
        return groupUnits(units, nameOf).flatMap(([name, members]) => {
            const group = { name, members };
            if (this.closedGroups.has(name)) return [{ group }];
            return [{ group }, ...members.map((unit) => ({ unit, group }))];
        });
    }

    update() {
        this.shown = filterUnits(this.units, this.filters, this.page);
        const lines = this.lines();
        const page = lines.slice(this.first, this.first + ROWS_PER_PAGE);
        const rows = page.flatMap((line) => this.rowsOf(line));
        if (page[0]?.unit && page[0].group) rows.unshift(this.groupRow(page[0].group, true));
        if (rows.length === 0) rows.push(this.emptyRow());
        this.body.replaceChildren(...rows);
        this.head.replaceChildren(this.headRow());
        this.sortSelect.value = this.sort.id;
        this.direction.textContent = this.sort.descending ? "↓" : "↑";
        this.direction.setAttribute(
            "aria-label",
            this.sort.descending ? "descending" : "ascending",
        );
        this.direction.disabled = this.sort.id === "";
        this.renderCount();
        this.renderPager(lines.length);
    }

    renderCount() {
        const all = this.units.length;
        const shown = this.shown.length;
        this.count.textContent =
            shown === all
                ? formatSome(all, "unit")
                : `${formatCount(shown)} of ${formatSome(all, "unit")}`;
    }

    renderPager(length) {
        const last = Math.max(0, Math.floor((length - 1) / ROWS_PER_PAGE) * ROWS_PER_PAGE);
        const pageNumber = (first) => formatCount(first / ROWS_PER_PAGE + 1);
        const button = (label, first) =>
            element(
                "button",
                {
                    type: "button",
                    disabled: first < 0 || first > last || first === this.first,
                    onclick: () => this.turnTo(first),
                },
                label,
            );
        this.pager.hidden = last === 0;
        this.pager.replaceChildren(
            button("First", 0),
            button("Previous", this.first - ROWS_PER_PAGE),
            element("span", {}, `Page ${pageNumber(this.first)} of ${pageNumber(last)}`),
            button("Next", this.first + ROWS_PER_PAGE),
            button("Last", last),
        );
    }

    turnTo(first) {
        this.first = first;
        this.update();
        this.count.scrollIntoView({ block: "nearest" });
    }

    // --- Links from the rest of the page ----------------------------------------------------

    /** A link to the unit of an item, or only its id where this file does not hold the unit. */
    linkTo(itemId, variant) {
        const keyOf = (item, name) => JSON.stringify([item, name]);
        this.unitOfKey ??= new Map(
            this.units.toReversed().map((unit) => [keyOf(unit.item_id, unit.variant), unit]),
        );
        const unit = this.unitOfKey.get(keyOf(itemId, variant));
        if (!unit) return element("span", {}, itemId);
        const follow = (event) => {
            event.preventDefault();
            this.reveal(unit);
        };
        return element("a", { href: `#unit-${unit.order}`, onclick: follow }, itemId);
    }

    /** Opens a unit on its page and takes the reader to it; filters would hide it. */
    reveal(unit) {
        this.resetControls();
        this.openUnits.add(unit);
        const at = this.lines().findIndex((line) => line.unit === unit);
        this.turnTo(at - (at % ROWS_PER_PAGE));
        const row = document.getElementById(`unit-${unit.order}`);
        row.scrollIntoView({ block: "start" });
        row.querySelector("button").focus({ preventScroll: true });
    }

    // --- Rows -------------------------------------------------------------------------------

    headRow() {
        const order = this.sort.descending ? "descending" : "ascending";
        return element(
            "tr",
            {},
            element("th", { scope: "col" }, "Status"),
            this.columns.map(({ id, title }) => {
                const sorted = id === this.sort.id;
                const mark = sorted ? (this.sort.descending ? " ↓" : " ↑") : "";
                return element(
                    "th",
                    { scope: "col", "aria-sort": sorted ? order : "none" },
                    element(
                        "button",
                        { type: "button", onclick: () => this.sortByHead(id) },
                        title + mark,
                    ),
                );
            }),
        );
    }

    /** Up, down, and back to failures first. */
    sortByHead(id) {
        if (this.sort.id !== id) return this.setSort(id, false);
        return this.sort.descending ? this.setSort("", false) : this.setSort(id, true);
    }

    rowsOf({ unit, group }) {
        if (!unit) return [this.groupRow(group, false)];
        const row = this.unitRow(unit);
        return this.openUnits.has(unit) ? [row, this.detailsRow(unit)] : [row];
    }

    unitRow(unit) {
        const isOpen = this.openUnits.has(unit);
        const label = `${isOpen ? "Close" : "Open"} ${unit.item_id}`;
        return element(
            "tr",
            {
                class: "unit",
                id: `unit-${unit.order}`,
                onclick: (event) => this.clicked(event, unit),
            },
            element(
                "td",
                { class: "status" },
                element(
                    "button",
                    {
                        type: "button",
                        class: "opener",
                        "aria-expanded": String(isOpen),
                        "aria-label": label,
                    },
                    isOpen ? "▾" : "▸",
                ),
                statusMark(unit, this.page.checks),
            ),
            this.columns.map((column) => unitCell(unit, column)),
        );
    }

    /** A click anywhere opens the row, but selecting its text does not. */
    clicked(event, unit) {
        const isButton = event.target.closest("button") !== null;
        if (!isButton && String(getSelection()) !== "") return;
        if (!this.openUnits.delete(unit)) this.openUnits.add(unit);
        const row = event.currentTarget;
        const wasOpen = row.nextElementSibling?.classList.contains("opened");
        if (wasOpen) row.nextElementSibling.remove();
        const fresh = this.rowsOf({ unit });
        row.replaceWith(...fresh);
        if (isButton) fresh[0].querySelector("button").focus();
    }

    detailsRow(unit) {
        const cell = element("td", { colspan: this.columns.length + 1 }, unitDetails(unit));
        return element("tr", { class: "opened" }, cell);
    }

    groupRow({ name, members }, continued) {
        const isClosed = this.closedGroups.has(name);
        const toggle = () => {
            if (!this.closedGroups.delete(name)) this.closedGroups.add(name);
            this.update();
        };
        const facts = [formatSome(members.length, "unit"), ...groupMeans(members, this.scoreNames)];
        return element(
            "tr",
            { class: "group" },
            element(
                "th",
                { colspan: this.columns.length + 1, scope: "rowgroup" },
                element(
                    "button",
                    { type: "button", "aria-expanded": String(!isClosed), onclick: toggle },
                    `${isClosed ? "▸" : "▾"} ${name}${continued ? " (continued)" : ""}`,
                ),
                element("span", { class: "small" }, ` ${facts.join(" · ")}`),
            ),
        );
    }

    emptyRow() {
        const text =
            this.units.length === 0 ? "This run has no units." : "No unit passes these filters.";
        return element(
            "tr",
            {},
            element("td", { colspan: this.columns.length + 1 }, emptyNote(text)),
        );
    }
}

function numberField(label, onChange) {
    const input = element("input", {
        type: "number",
        step: "any",
        oninput: () => onChange(input.value === "" ? undefined : Number(input.value)),
    });
    return element("label", { class: "field number" }, element("span", {}, label), input);
}

function statusMark(unit, checks) {
    const marks = {
        failed: { tone: "bad", mark: "✗", label: "failed" },
        unscored: { tone: "unsure", mark: "!", label: "unscored" },
        skipped: { tone: "plain", mark: "–", label: "not run" },
        scored: breaksCheck(unit, checks)
            ? { tone: "bad", mark: "✗", label: "check" }
            : { tone: "plain", mark: "", label: "scored" },
    };
    return badge(marks[unit.status]);
}

function unitCell(unit, column) {
    const { id, title } = column;
    const value = column.value(unit);
    const cell = (kind, content, hint) =>
        element("td", { class: kind, "data-label": title, title: hint }, content);
    if (column.isScore) {
        const kind = value === undefined ? "score none" : "score";
        return cell(kind, scoreMark(value), memberOf(unit.scores, title)?.comment);
    }
    const format = { latency: formatMs, cost: formatCost }[id];
    if (format) return cell(value === undefined ? "number none" : "number", format(value));
    if (id === "output" && unit.error) {
        return cell("text", element("span", { class: "preview no" }, unit.error));
    }
    const text = column.isText ? asPreview(unit[id], PREVIEW_CHARACTERS) : String(value);
    return cell(column.isText ? "text" : id, element("span", { class: "preview" }, text));
}
