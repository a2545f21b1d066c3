// Puts the page together from the two data blocks that the program wrote.

const dataOf = (id) => JSON.parse(document.getElementById(id).textContent);

const { report, page } = dataOf("report-data");
const units = dataOf("units-data");
const unitTable = new UnitTable(report, page, units);

function renderUnits() {
    const total = page.units_total;
    const left = total - units.length;
    const note =
        left > 0 &&
        element(
            "p",
            { class: "note" },
            `Showing ${formatCount(units.length)} of ${formatSome(total, "unit")}: failed, ` +
                "unscored and failed checks first, then the lowest scores. All figures above " +
                "count every unit.",
        );
    return section("units", "Units", note, unitTable.render());
}

document.body.replaceChildren(
    ...[
        element("a", { class: "skip", href: "#units" }, "Skip to the units"),
        renderHeader(report, page),
        element(
            "main",
            {},
            renderGates(report, page),
            renderSlices(report, page),
            renderVariants(report, page),
            renderComparisons(report, page, unitTable),
            renderDistributions(page),
            renderMeasures(report, page),
            renderConfusions(report, page),
            renderErrors(page),
            renderUnits(),
        ),
        element(
            "footer",
            {},
            `Made by assay ${report.manifest?.assay ?? ""} from run ${report.run.id}.`,
        ),
    ],
);

// On paper nothing can be opened. The event comes too late by itself for what it fills.
addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details:not([open])")) {
        folded.open = true;
        folded.dispatchEvent(new Event("toggle"));
    }
    for (const more of document.querySelectorAll("#slices button")) more.click();
});
