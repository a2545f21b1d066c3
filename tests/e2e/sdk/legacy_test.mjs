// langfuse 3.x: everything it writes is read back, through it and through the API.
import assert from "node:assert/strict";
import {after, afterEach, before, test} from "node:test";

import {Langfuse, LangfuseMedia, LangfuseWeb} from "langfuse";

import {publicKey, secretKey, startServer} from "./server.mjs";

let server;
let client;
const complaints = [];

before(async () => {
    server = await startServer();
    client = new Langfuse({publicKey, secretKey, baseUrl: server.baseUrl, flushAt: 1000});
    for (const kind of ["error", "warning"]) client.on(kind, (error) => complaints.push(error));
});

afterEach(() => assert.deepEqual(complaints, []));

after(async () => {
    await client?.shutdownAsync();
    await server?.stop();
});

test("a trace with nested observations and scores", async () => {
    const trace = client.trace({
        name: "chat",
        userId: "user-1",
        sessionId: "session-1",
        release: "r1",
        version: "v1",
        tags: ["b", "a"],
        public: true,
        input: {question: "6 x 7?"},
        metadata: {plan: "free", nested: {deep: [1, 2]}},
    });
    const span = trace.span({name: "retrieve", input: "plain text", level: "WARNING"});
    const generation = span.generation({
        name: "answer",
        model: "my-model",
        modelParameters: {temperature: 0.5, stop: ["\n"]},
        input: [{role: "user", content: "6 x 7?"}],
        usageDetails: {input: 10, output: 5, input_cached_tokens: 2},
        costDetails: {input: 0.25, output: 0.5},
    });
    generation.end({output: {role: "assistant", content: "42"}, statusMessage: "fine"});
    span.event({name: "cache miss", metadata: {key: "k"}});
    span.end({output: 42});
    trace.score({name: "correct", value: 1, comment: "as expected"});
    generation.score({name: "tone", value: "friendly"});
    trace.update({output: {answer: 42}, metadata: {more: true}});
    await client.flushAsync();

    const {data: read} = await client.fetchTrace(trace.id);
    assert.equal(read.name, "chat");
    assert.equal(read.userId, "user-1");
    assert.equal(read.sessionId, "session-1");
    assert.equal(read.release, "r1");
    assert.equal(read.version, "v1");
    assert.equal(read.public, true);
    assert.deepEqual(read.tags, ["a", "b"]);
    assert.deepEqual(read.input, {question: "6 x 7?"});
    assert.deepEqual(read.output, {answer: 42});
    assert.deepEqual(read.metadata, {plan: "free", nested: {deep: [1, 2]}, more: true});
    assert.equal(read.totalCost, 0.75);
    assert.equal(read.htmlPath, `/project/sdk/traces/${trace.id}`);

    const byName = Object.fromEntries(read.observations.map((o) => [o.name, o]));
    assert.equal(byName.retrieve.type, "SPAN");
    assert.equal(byName.retrieve.level, "WARNING");
    assert.equal(byName.retrieve.input, "plain text");
    assert.equal(byName.retrieve.output, 42);
    assert.equal(byName.retrieve.parentObservationId, null);
    assert.equal(byName.answer.type, "GENERATION");
    assert.equal(byName.answer.parentObservationId, byName.retrieve.id);
    assert.equal(byName.answer.model, "my-model");
    assert.deepEqual(byName.answer.modelParameters, {temperature: 0.5, stop: ["\n"]});
    assert.deepEqual(byName.answer.output, {role: "assistant", content: "42"});
    assert.equal(byName.answer.statusMessage, "fine");
    assert.deepEqual(byName.answer.usageDetails, {
        input: 10,
        output: 5,
        input_cached_tokens: 2,
        total: 17,
    });
    assert.equal(byName.answer.calculatedTotalCost, 0.75);
    assert.ok(byName.answer.endTime >= byName.answer.startTime);
    assert.equal(byName["cache miss"].type, "EVENT");
    assert.equal(byName["cache miss"].endTime, null);

    const scores = Object.fromEntries(read.scores.map((s) => [s.name, s]));
    assert.equal(scores.correct.value, 1);
    assert.equal(scores.correct.dataType, "NUMERIC");
    assert.equal(scores.correct.comment, "as expected");
    assert.equal(scores.correct.source, "API");
    assert.equal(scores.tone.stringValue, "friendly");
    assert.equal(scores.tone.dataType, "CATEGORICAL");
    assert.equal(scores.tone.observationId, byName.answer.id);
});

test("lists of traces, observations and sessions", async () => {
    const {data: traces} = await client.fetchTraces({tags: ["a", "b"], userId: "user-1"});
    assert.equal(traces.length, 1);
    const {data: none} = await client.fetchTraces({tags: ["a", "c"]});
    assert.equal(none.length, 0);
    const {data: generations} = await client.fetchObservations({type: "GENERATION"});
    assert.deepEqual(
        generations.map((o) => o.name),
        ["answer"],
    );
    const {data: observation} = await client.fetchObservation(generations[0].id);
    assert.equal(observation.name, "answer");
    const {data: sessions} = await client.fetchSessions();
    assert.deepEqual(
        sessions.map((s) => s.id),
        ["session-1"],
    );
    const session = await server.get("/api/public/sessions/session-1");
    assert.deepEqual(
        session.traces.map((t) => t.name),
        ["chat"],
    );
});

test("prompts: versions, labels, cache and fallback", async () => {
    await client.createPrompt({
        name: "folder/greet",
        prompt: "Hello {{name}}",
        labels: ["production"],
        config: {model: "m"},
        tags: ["t"],
    });
    const second = await client.createPrompt({name: "folder/greet", prompt: "Hi {{name}}"});
    assert.equal(second.version, 2);
    const prompt = await client.getPrompt("folder/greet");
    assert.equal(prompt.version, 1);
    assert.equal(prompt.compile({name: "Ada"}), "Hello Ada");
    assert.deepEqual(prompt.config, {model: "m"});
    await client.updatePrompt({name: "folder/greet", version: 2, newLabels: ["production"]});
    const moved = await client.getPrompt("folder/greet", undefined, {cacheTtlSeconds: 0});
    assert.equal(moved.version, 2);
    assert.equal((await client.getPrompt("folder/greet", 1)).version, 1);
    const fallback = await client.getPrompt("no such prompt", undefined, {
        fallback: "else",
        maxRetries: 0,
    });
    assert.equal(fallback.isFallback, true);

    await client.createPrompt({
        name: "chat",
        type: "chat",
        prompt: [
            {role: "system", content: "Be {{how}}"},
            {type: "placeholder", name: "history"},
        ],
        labels: ["production"],
    });
    const chat = await client.getPrompt("chat", undefined, {type: "chat"});
    assert.deepEqual(
        chat
            .compile({how: "kind"}, {history: [{role: "user", content: "Hi"}]})
            .map((m) => m.content),
        ["Be kind", "Hi"],
    );

    const trace = client.trace({name: "prompted"});
    trace.generation({name: "g", prompt}).end({output: "Hello Ada"});
    await client.flushAsync();
    const {data: read} = await client.fetchTrace(trace.id);
    assert.equal(read.observations[0].promptName, "folder/greet");
    assert.equal(read.observations[0].promptVersion, 1);
    assert.equal(typeof read.observations[0].promptId, "string");
});

test("a prompt comes from the cache, or from the fallback when there is no server", async () => {
    const path = "/api/public/v2/prompts";
    for (const prompt of ["one", "two"]) {
        const answer = await server.ask("POST", path, {name: "cached", prompt});
        assert.equal(answer.status, 201);
    }
    const give = (version) =>
        server.ask("PATCH", `${path}/cached/versions/${version}`, {newLabels: ["production"]});
    await give(1);
    assert.equal((await client.getPrompt("cached")).prompt, "one");
    await give(2);
    assert.equal((await client.getPrompt("cached")).prompt, "one");
    const fresh = {cacheTtlSeconds: 0};
    assert.equal((await client.getPrompt("cached", undefined, fresh)).prompt, "two");

    const lost = new Langfuse({publicKey, secretKey, baseUrl: "http://127.0.0.1:9"});
    const prompt = await lost.getPrompt("cached", undefined, {fallback: "else", maxRetries: 0});
    assert.deepEqual([prompt.prompt, prompt.isFallback], ["else", true]);
    // A generation made with it is linked to nothing.
    const trace = client.trace({name: "without a link"});
    trace.generation({name: "g", prompt});
    await client.flushAsync();
    const {data: read} = await client.fetchTrace(trace.id);
    const {promptId, promptName, promptVersion} = read.observations[0];
    assert.deepEqual([promptId, promptName, promptVersion], [null, null, null]);
});

test("an environment and a release belong to all that a client sends", async () => {
    const other = new Langfuse({
        publicKey,
        secretKey,
        baseUrl: server.baseUrl,
        environment: "staging",
        release: "r5",
        mask: ({data}) => JSON.parse(JSON.stringify(data).replaceAll("secret-word", "***")),
    });
    const trace = other.trace({name: "elsewhere", input: {say: "secret-word"}});
    trace.span({name: "step", output: "a secret-word"}).end();
    trace.score({name: "fine", value: 1});
    await other.shutdownAsync();
    const {data: read} = await client.fetchTrace(trace.id);
    assert.equal(read.release, "r5");
    assert.deepEqual(read.input, {say: "***"});
    assert.equal(read.observations[0].output, "a ***");
    for (const part of [read, read.observations[0], read.scores[0]]) {
        assert.equal(part.environment, "staging");
    }
    const {data: found} = await client.fetchTraces({environment: "staging"});
    assert.deepEqual(
        found.map((t) => t.id),
        [trace.id],
    );
});

test("a dataset, its items and a run that links traces", async () => {
    const name = "questions / a + 7?";
    await client.createDataset({name, description: "What people ask", metadata: {owner: "us"}});
    for (const number of [1, 2, 3]) {
        await client.createDatasetItem({
            datasetName: name,
            id: `item-${number}`,
            input: {number},
            expectedOutput: number * number,
        });
    }
    const dataset = await client.getDataset(name);
    assert.equal(dataset.description, "What people ask");
    assert.deepEqual(dataset.metadata, {owner: "us"});
    assert.deepEqual(dataset.items.map((i) => i.id).sort(), ["item-1", "item-2", "item-3"]);
    const linked = [];
    for (const item of dataset.items) {
        const trace = client.trace({
            name: "run",
            input: item.input,
            output: item.input.number ** 2,
        });
        await item.link(trace, "run: one", {description: "The first", metadata: {model: "m"}});
        trace.score({name: "exact", value: 1});
        linked.push(trace.id);
    }
    await client.flushAsync();
    const run = await client.getDatasetRun({datasetName: name, runName: "run: one"});
    assert.equal(run.name, "run: one");
    assert.equal(run.description, "The first");
    assert.deepEqual(run.metadata, {model: "m"});
    assert.deepEqual(run.datasetRunItems.map((i) => i.traceId).sort(), linked.sort());
    const {data: runs} = await client.getDatasetRuns(name);
    assert.deepEqual(
        runs.map((r) => r.name),
        ["run: one"],
    );
    const item = await client.getDatasetItem("item-2");
    assert.equal(item.expectedOutput, 4);
});

test("many traces in many batches all arrive", async () => {
    // As it comes: the client sends every 15 events, several batches at a time.
    const busy = new Langfuse({publicKey, secretKey, baseUrl: server.baseUrl});
    for (const kind of ["error", "warning"]) busy.on(kind, (error) => complaints.push(error));
    for (let number = 0; number < 120; ++number) {
        const trace = busy.trace({id: `busy-${number}`, name: "busy", metadata: {number}});
        const span = trace.span({id: `busy-span-${number}`, name: "work", input: {number}});
        span.end({output: {number}});
    }
    await busy.shutdownAsync();
    const numbers = [];
    for (const page of [1, 2]) {
        const {data, meta} = await client.fetchTraces({name: "busy", limit: 100, page});
        assert.deepEqual(meta, {page, limit: 100, totalItems: 120, totalPages: 2});
        for (const trace of data) {
            assert.equal(trace.id, `busy-${trace.metadata.number}`);
            assert.deepEqual(trace.observations, [`busy-span-${trace.metadata.number}`]);
            numbers.push(trace.metadata.number);
        }
    }
    assert.deepEqual(
        numbers.sort((a, b) => a - b),
        Array.from({length: 120}, (_, number) => number),
    );
    const {data: spans} = await client.fetchObservations({name: "work", limit: 100, page: 2});
    assert.equal(spans.length, 20);
    for (const span of spans) assert.deepEqual(span.output, span.input);
});

test("a browser scores with the public key alone", async () => {
    const trace = client.trace({name: "scored"});
    await client.flushAsync();
    const web = new LangfuseWeb({publicKey, baseUrl: server.baseUrl});
    for (const kind of ["error", "warning"]) web.on(kind, (error) => complaints.push(error));
    await web.score({id: "thumb", traceId: trace.id, name: "thumb", value: 1, comment: "nice"});
    await web.score({id: "thumb", traceId: trace.id, name: "thumb", value: 0});
    const {data: read} = await client.fetchTrace(trace.id);
    assert.deepEqual(
        read.scores.map((s) => [s.id, s.name, s.value, s.comment, s.source]),
        [["thumb", "thumb", 0, "nice", "API"]],
    );
    const denied = await fetch(`${server.baseUrl}/api/public/traces/${trace.id}`, {
        headers: {authorization: `Bearer ${publicKey}`},
    });
    assert.equal(denied.status, 403);
    assert.deepEqual(Object.keys(await denied.json()), ["message"]);
});

test("what is not there is told as JSON, which the client hands on", async () => {
    const {data: trace} = await client.fetchTrace("no-trace");
    assert.deepEqual(trace, {
        message: "Trace no-trace not found within authorized project",
        error: "LangfuseNotFoundError",
    });
    const {data: observation} = await client.fetchObservation("no-observation");
    assert.equal(observation.error, "LangfuseNotFoundError");
    const refusals = [
        await client.getDatasetItem("no-item"),
        await client.getDatasetRun({datasetName: "no-dataset", runName: "no run"}),
        await client.getDatasetRuns("no-dataset"),
        await client.createDatasetItem({datasetName: "no-dataset", input: 1}),
        await client.createDatasetRunItem({runName: "r", datasetItemId: "no-item", traceId: "t"}),
    ];
    for (const refused of refusals) {
        assert.deepEqual(Object.keys(refused), ["message", "error"]);
        assert.equal(refused.error, "LangfuseNotFoundError");
        assert.equal(typeof refused.message, "string");
    }
    // The client looks for the items of the list in the refusal.
    await assert.rejects(client.getDataset("no-dataset"), TypeError);
    const {data, meta} = await client.fetchTraces({limit: 101});
    assert.deepEqual([data, meta], [undefined, undefined]);
});

test("a wrong event fails alone and is not sent for ever", async () => {
    const refused = [];
    const retries = [];
    const other = new Langfuse({
        publicKey,
        secretKey,
        baseUrl: server.baseUrl,
        fetchRetryCount: 1,
        fetchRetryDelay: 1,
    });
    other.on("warning", (error) => refused.push(error.message));
    other.on("retry", (text) => retries.push(...(text.startsWith("Retrying") ? [text] : [])));
    const trace = other.trace({name: "partly"});
    trace.score({name: "no value"});
    trace.event({name: "lands"});
    await other.shutdownAsync();
    assert.equal(retries.length, 1);
    assert.equal(refused.length, 1);
    const [{status, message, error}, ...others] = JSON.parse(refused[0].split("and body: ")[1]);
    assert.deepEqual([status, message, others], [400, "Invalid request data", []]);
    assert.match(error, /value/);
    const {data: read} = await client.fetchTrace(trace.id);
    assert.equal(read.name, "partly");
    assert.deepEqual(
        read.observations.map((o) => o.name),
        ["lands"],
    );
    assert.deepEqual(read.scores, []);
});

test("media that cannot be stored do not keep the trace back", async () => {
    const picture = new LangfuseMedia({base64DataUri: "data:image/png;base64,iVBORw0KGgo="});
    const trace = client.trace({name: "picture", input: {picture, text: "what is it?"}});
    await client.flushAsync();
    const {data: read} = await client.fetchTrace(trace.id);
    assert.deepEqual(read.input, {
        picture: "<Upload handling failed for LangfuseMedia of type image/png>",
        text: "what is it?",
    });
    const refused = await client.fetchMedia("no-media");
    assert.equal(refused.error, "LangfuseNotFoundError");
    const reference = "@@@langfuseMedia:type=image/png|id=no-media|source=bytes@@@";
    const obj = {picture: reference};
    assert.deepEqual(await client.resolveMediaReferences({obj, resolveWith: "base64DataUri"}), obj);
});
