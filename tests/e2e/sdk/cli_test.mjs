// langfuse-cli 1.2.4: the operations that it has for everyday use, as a user would type them.
import assert from "node:assert/strict";
import {execFile} from "node:child_process";
import {after, before, test} from "node:test";
import {fileURLToPath} from "node:url";

import {publicKey, secretKey, startServer} from "./server.mjs";

const program = fileURLToPath(
    new URL("node_modules/langfuse-cli/bin/langfuse.mjs", import.meta.url),
);
const traceId = "0123456789abcdef0123456789abcdef";
const start = "2026-01-02T03:04:05.000Z";
const refusal = 5; // the program's exit code for a refusal

let server;

before(async () => {
    server = await startServer();
});

after(() => server?.stop());

/** Runs the program; the answer's JSON, whose exit code and status have to be these. */
async function cli(words, status = 200, code = 0) {
    const [ended, text, errors] = await new Promise((resolve) => {
        const env = {
            PATH: process.env.PATH,
            HOME: process.env.HOME,
            LANGFUSE_PUBLIC_KEY: publicKey,
            LANGFUSE_SECRET_KEY: secretKey,
            LANGFUSE_HOST: server.baseUrl,
        };
        execFile(process.execPath, [program, ...words, "--json"], {env}, (error, ...out) =>
            resolve([error?.code ?? 0, ...out]),
        );
    });
    assert.equal(ended, code, `${words.join(" ")}: ${text}${errors}`);
    const answer = JSON.parse(text);
    assert.equal(answer.status, status, text);
    return answer.body;
}

/** As a user types them: {"user-id": "u"} is --user-id u. */
const options = (values) => Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
/** An operation of the newest contract that the program has. */
const api = (words, body, ...expected) =>
    cli(["api", ...words, ...(body ? ["--body-json", JSON.stringify(body)] : [])], ...expected);
/** The same with a contract before the fourth generation, which has what is deprecated since. */
const before4 = (...words) => cli(["--api-version", "3.225.3", "api", ...words]);

test("health tells a version that the program has a contract for", async () => {
    const health = await api(["health", "get"]);
    assert.equal(health.status, "OK");
    const named = await cli(["--api-version", "auto", "api", "projects", "list"]);
    assert.deepEqual(named.data, [
        {id: "sdk", name: "SDK tests", organization: {id: "org", name: "Org"}, metadata: {}},
    ]);
});

test("traces and observations: list, get, delete", async () => {
    const event = (type, body) => ({id: `${type} ${body.name}`, timestamp: start, type, body});
    const batch = [
        event("trace-create", {id: traceId, name: "chat", userId: "user-1", tags: ["b", "a"]}),
        event("generation-create", {
            id: "g1",
            traceId,
            name: "answer",
            model: "my-model",
            startTime: start,
            endTime: "2026-01-02T03:04:07.000Z",
            input: {question: "6 x 7?"},
            output: "It is 42",
            metadata: {plan: "free"},
            usageDetails: {input: 10, output: 5},
            costDetails: {total: 0.5},
        }),
        event("span-create", {id: "s1", traceId, name: "work", startTime: start, level: "WARNING"}),
    ];
    const sent = await cli(
        [
            "--api-version",
            "3.225.3",
            "api",
            "ingestion",
            "batch",
            "--body-json",
            JSON.stringify({batch}),
        ],
        207,
    );
    assert.deepEqual(sent.errors, []);
    assert.deepEqual(
        sent.successes.map((s) => s.status),
        [201, 201, 201],
    );

    const listed = await before4("traces", "list", "--tags", "a", "--user-id", "user-1");
    assert.deepEqual(listed.meta, {page: 1, limit: 50, totalItems: 1, totalPages: 1});
    assert.equal(listed.data[0].id, traceId);
    assert.deepEqual(listed.data[0].tags, ["a", "b"]);
    assert.equal(listed.data[0].totalCost, 0.5);
    const trace = await before4("traces", "get", traceId);
    assert.equal(trace.name, "chat");
    assert.deepEqual(trace.observations.map((o) => o.id).sort(), ["g1", "s1"]);

    const fields = "core,basic,io,usage,model,metrics,metadata";
    const narrowed = options({"trace-id": traceId, type: "GENERATION", fields});
    const page = await api(["observations", "list", ...narrowed]);
    const [read] = page.data;
    assert.deepEqual(page.meta, {});
    assert.equal(page.data.length, 1);
    assert.equal(read.id, "g1");
    assert.equal(read.name, "answer");
    assert.equal(read.userId, "user-1");
    assert.equal(read.input, '{"question":"6 x 7?"}');
    assert.equal(read.output, "It is 42");
    assert.equal(read.model, "my-model");
    assert.deepEqual(read.metadata, {plan: "free"});
    assert.deepEqual(read.usageDetails, {input: 10, output: 5, total: 15});
    assert.equal(read.totalCost, 0.5);
    assert.equal(read.latency, 2);
    const all = await api(["observations", "list", "--limit", "1", "--all"]);
    assert.deepEqual(all.data.map((o) => o.id).sort(), ["g1", "s1"]);
    const filter = [
        {type: "stringOptions", column: "level", operator: "any of", value: ["WARNING"]},
    ];
    const slow = await api(["observations", "list", "--filter", JSON.stringify(filter)]);
    assert.deepEqual(
        slow.data.map((o) => o.id),
        ["s1"],
    );
});

test("scores: create, list, delete", async () => {
    const config = await api(["score-configs", "create"], {
        name: "quality",
        dataType: "NUMERIC",
        minValue: 0,
        maxValue: 1,
    });
    const first = {traceId, name: "quality", value: 0.5, configId: config.id, comment: "so so"};
    const {id} = await api(["scores", "create"], first);
    await api(["scores", "create"], {traceId, name: "flag", value: 1, dataType: "BOOLEAN"});
    await api(["scores", "create"], {traceId, observationId: "g1", name: "tone", value: "kind"});
    const {data, meta} = await api([
        "scores",
        "list",
        "--trace-id",
        traceId,
        "--fields",
        "details,subject",
    ]);
    assert.deepEqual(meta, {limit: 50});
    const byName = Object.fromEntries(data.map((s) => [s.name, s]));
    assert.equal(byName.quality.id, id);
    assert.equal(byName.quality.value, 0.5);
    assert.equal(byName.quality.comment, "so so");
    assert.equal(byName.quality.configId, config.id);
    assert.deepEqual(byName.quality.subject, {kind: "trace", id: traceId});
    assert.equal(byName.flag.value, true);
    assert.equal(byName.tone.value, "kind");
    assert.deepEqual(byName.tone.subject, {kind: "observation", id: "g1", traceId});
    const few = await api(["scores", "list", "--data-type", "NUMERIC", "--value-min", "0.5"]);
    assert.deepEqual(
        few.data.map((s) => s.id),
        [id],
    );
    const outside = await api(["scores", "create"], {...first, value: 2}, 400, refusal);
    assert.equal(typeof outside.message, "string");
    await api(["scores", "delete", id], undefined, 202);
    const left = await api(["scores", "list", "--trace-id", traceId]);
    assert.deepEqual(left.data.map((s) => s.name).sort(), ["flag", "tone"]);
});

test("prompts: create, get, list, update, delete", async () => {
    const first = options({
        type: "text",
        name: "folder/greet",
        prompt: "Hello {{name}}",
        labels: "production",
    });
    const made = await api(["prompts", "create", ...first], undefined, 201);
    assert.equal(made.version, 1);
    assert.deepEqual(made.labels.sort(), ["latest", "production"]);
    const messages = [{role: "system", content: "Be {{how}}"}];
    await api(["prompts", "create"], {name: "talk", type: "chat", prompt: messages}, 201);
    const talk = await api(["prompts", "get", "talk", "--label", "latest"]);
    assert.equal(talk.type, "chat");
    assert.deepEqual(talk.prompt, messages);
    const read = await api(["prompts", "get", "folder/greet"]);
    assert.equal(read.prompt, "Hello {{name}}");
    const second = {name: "folder/greet", type: "text", prompt: "Hi {{name}}"};
    await api(["prompts", "create"], second, 201);
    const labels = {newLabels: ["production"]};
    const moved = await api(["prompts", "update-version", "folder/greet", "2"], labels);
    assert.deepEqual(moved.labels.sort(), ["latest", "production"]);
    const list = await api(["prompts", "list", "--name", "folder/greet"]);
    assert.deepEqual(
        list.data.map((p) => [p.name, p.versions]),
        [["folder/greet", [1, 2]]],
    );
    const none = await api(["prompts", "get", "none"], undefined, 404, refusal);
    assert.equal(none.error, "LangfuseNotFoundError");
    await api(["prompts", "delete", "folder/greet"], undefined, 204);
    await api(["prompts", "get", "folder/greet"], undefined, 404, refusal);
});

test("datasets and their items", async () => {
    const name = "numbers / 100%?";
    const made = await api(["datasets", "create"], {name, metadata: {owner: "us"}});
    for (const number of [1, 2, 3]) {
        const item = {datasetName: name, id: `i${number}`, input: {number}, expectedOutput: number};
        await api(["dataset-items", "create"], item);
    }
    const read = await api(["datasets", "get", name]);
    assert.equal(read.id, made.id);
    assert.deepEqual(read.metadata, {owner: "us"});
    assert.deepEqual(
        (await api(["datasets", "list"])).data.map((d) => d.name),
        [name],
    );
    const items = await api([
        "dataset-items",
        "list",
        "--dataset-name",
        name,
        "--limit",
        "2",
        "--all",
    ]);
    assert.deepEqual(
        items.data.map((i) => i.id),
        ["i3", "i2", "i1"],
    );
    assert.deepEqual((await api(["dataset-items", "get", "i2"])).input, {number: 2});
    await api(["dataset-items", "delete", "i2"]);
    await api(["dataset-items", "get", "i2"], undefined, 404, refusal);
    assert.deepEqual((await before4("datasets", "list-runs", name)).data, []);
    const link = {runName: "a run", datasetItemId: "i1", traceId: "linked", metadata: {by: "us"}};
    const linked = await before4(
        "dataset-run-items",
        "create",
        "--body-json",
        JSON.stringify(link),
    );
    assert.equal(linked.datasetRunName, "a run");
    const runs = await before4("datasets", "list-runs", name);
    assert.deepEqual(
        runs.data.map((r) => [r.id, r.metadata]),
        [[linked.datasetRunId, {by: "us"}]],
    );
    const since = options({"from-start-time": "2020-01-01T00:00:00Z"});
    const experiments = await api(["experiments", "list", ...since]);
    assert.deepEqual(
        experiments.data.map((e) => [e.id, e.itemCount]),
        [[linked.datasetRunId, 1]],
    );
});

test("models are listed, created and deleted", async () => {
    const made = await api(["models", "create"], {
        modelName: "house-model",
        matchPattern: "(?i)^house-model$",
        unit: "TOKENS",
        inputPrice: 0.001,
        outputPrice: 0.002,
    });
    assert.equal(made.inputPrice, 0.001);
    assert.equal((await api(["models", "get", made.id])).modelName, "house-model");
    const all = await api(["models", "list", "--limit", "100", "--all"]);
    assert.ok(all.data.some((m) => m.isLangfuseManaged && m.modelName === "gpt-4o-mini"));
    await api(["models", "delete", made.id]);
    await api(["models", "get", made.id], undefined, 404, refusal);
});

test("a deleted trace is gone with all that hangs on it", async () => {
    await api(["traces", "delete", traceId]);
    assert.deepEqual((await api(["observations", "list"])).data, []);
    assert.deepEqual((await api(["scores", "list"])).data, []);
});

test("what is not there answers in JSON with its status", async () => {
    for (const words of [
        ["datasets", "get", "none"],
        ["media", "get", "none"],
    ]) {
        const refused = await api(words, undefined, 404, refusal);
        assert.equal(refused.error, "LangfuseNotFoundError");
        assert.equal(typeof refused.message, "string");
    }
});
