#include "server/store/document.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "server/store/payload.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

std::unique_ptr<Connection> open_connection(const TemporaryFolder& folder) {
    auto connection = value_of(Connection::open(folder.path() / "a.db", Connection::Mode::create));
    value_of(connection->execute_script(
        "CREATE TABLE IF NOT EXISTS dictionaries(dictionary INTEGER PRIMARY KEY, data BLOB)"));
    return connection;
}

std::string sample_text(Rng& rng) {
    std::string text;
    for (int word = 0; word < 40; ++word) {
        text += "word" + std::to_string(rng.next_below(200)) + ' ';
    }
    return text;
}

}  // namespace

TEST_CASE("document: slots come back in order", "[store]") {
    DocumentWriter item_writer;
    item_writer.add_json("item text");
    DocumentWriter writer;
    writer.add_null();
    writer.add_text(std::string("a\0\xff", 3));
    writer.add_json(Json{{"k", {1, nullptr}}});
    writer.add_same_as(2);
    writer.add_from_item(0);
    writer.add_real(-0.0);
    writer.add_json(nullptr);
    for (const std::int64_t number : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                                      std::numeric_limits<std::int64_t>::max()}) {
        writer.add_integer(number);
    }
    CHECK(writer.slots() == 10);
    const Document document = value_of(Document::parse(writer.bytes()));
    const Document item = value_of(Document::parse(item_writer.bytes()));
    DocumentReader reader(document, &item);
    CHECK(reader.next_kind() == Document::Kind::null);
    CHECK(reader.json().is_null());
    CHECK(reader.text() == std::string("a\0\xff", 3));
    CHECK(reader.json() == Json{{"k", {1, nullptr}}});
    CHECK(reader.json() == Json{{"k", {1, nullptr}}});
    CHECK(reader.json() == "item text");
    CHECK(std::signbit(reader.real()));
    CHECK(reader.json().is_null());
    CHECK(reader.integer() == std::numeric_limits<std::int64_t>::min());
    CHECK(reader.integer() == -1);
    CHECK(reader.integer() == std::numeric_limits<std::int64_t>::max());
    value_of(reader.finish());
    (void)reader.integer();
    CHECK_FALSE(reader.finish());
}

TEST_CASE("document: what is not there or of another kind is an error", "[store]") {
    DocumentWriter writer;
    writer.add_text("text");
    writer.add_integer(1'000'000);
    writer.add_same_as(7);
    writer.add_from_item(0);
    writer.add_text("not json");
    const Document document = value_of(Document::parse(writer.bytes()));
    using Read = void (*)(DocumentReader&);
    const std::vector<std::pair<std::size_t, Read>> wrong = {
        {0, [](DocumentReader& reader) { (void)reader.integer(); }},
        {0, [](DocumentReader& reader) { (void)reader.real(); }},
        {0, [](DocumentReader& reader) { (void)reader.json(); }},
        {1, [](DocumentReader& reader) { (void)reader.text(); }},
        {1, [](DocumentReader& reader) { (void)reader.count(); }},
        {2, [](DocumentReader& reader) { (void)reader.text(); }},
        {3, [](DocumentReader& reader) { (void)reader.text(); }},
        {4, [](DocumentReader& reader) { (void)reader.json(); }},
        {5, [](DocumentReader& reader) { (void)reader.text(); }},
        {1U << 20U, [](DocumentReader& reader) { (void)reader.count(); }},
    };
    for (const auto& [slot, read] : wrong) {
        INFO("slot " << slot);
        DocumentReader reader(document, nullptr, slot);
        read(reader);
        const auto finished = reader.finish();
        REQUIRE_FALSE(finished);
        CHECK(finished.error().code == ErrorCode::data_loss);
    }
}

TEST_CASE("document: bytes that are no document are refused", "[store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    using namespace std::string_literals;
    for (const std::string& bytes : {"\x06"s, "\x01"s,
                                     "\x01\x05"
                                     "abcd"s,
                                     "\x02\xff"s,
                                     "\x03"
                                     "1234567"s,
                                     "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s}) {
        CHECK_FALSE(Document::parse(bytes));
    }
    for (int round = 0; round < 2000; ++round) {
        const auto document = Document::parse(make_random_bytes(rng, 40));
        if (!document) continue;
        DocumentReader reader(*document);
        for (int step = 0; step < 10; ++step) (void)reader.json();
        (void)reader.finish();
    }
}

TEST_CASE("payload: documents come back with and without the dictionary", "[store]") {
    const TemporaryFolder folder;
    const auto connection = open_connection(folder);
    Rng rng(1);
    PayloadCodec codec(*connection);
    std::vector<std::string> stored;
    std::vector<PackedDocument> packed;
    std::vector<std::string> texts = {"", "x", std::string(1U << 20U, 'a')};
    std::vector<std::string> samples;
    for (int i = 0; i < 500; ++i) samples.push_back(sample_text(rng));
    texts.insert(texts.end(), samples.begin(), samples.begin() + 20);

    std::size_t plain_bytes = 0;
    std::size_t trained_bytes = 0;
    for (const bool trained : {false, true}) {
        if (trained) {
            const std::string dictionary = train_dictionary(samples);
            REQUIRE_FALSE(dictionary.empty());
            value_of(
                connection->run("INSERT INTO dictionaries(data) VALUES(?1)", Blob{dictionary}));
        }
        value_of(codec.use_newest_dictionary());
        CHECK(codec.has_dictionary() == trained);
        for (const std::string& text : texts) {
            PackedDocument one = value_of(codec.pack(text));
            CHECK(one.dictionary == (trained ? 1 : 0));
            stored.emplace_back(one.bytes.bytes);
            (trained ? trained_bytes : plain_bytes) += stored.back().size();
            packed.push_back(one);
        }
    }
    CHECK(trained_bytes < plain_bytes);
    PayloadCodec other(*connection);
    for (std::size_t i = 0; i < packed.size(); ++i) {
        packed[i].bytes.bytes = stored[i];
        CHECK(value_of(other.unpack(packed[i])) == texts[i % texts.size()]);
    }
}

TEST_CASE("payload: a damaged document is noticed", "[store]") {
    const TemporaryFolder folder;
    const auto connection = open_connection(folder);
    PayloadCodec codec(*connection);
    Rng rng(3);
    const std::string text = sample_text(rng);
    PackedDocument packed = value_of(codec.pack(text));
    const std::string bytes(packed.bytes.bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        packed.bytes.bytes = damaged;
        const auto read = codec.unpack(packed);
        // A flipped bit that says nothing (in a header's reserved part) may be read over.
        CHECK((!read || *read == text));
    }
    packed.bytes.bytes = bytes;
    PackedDocument wrong = packed;
    wrong.size += 1;
    CHECK(codec.unpack(wrong).error().code == ErrorCode::data_loss);
    wrong = packed;
    wrong.dictionary = 9;
    CHECK(codec.unpack(wrong).error().code == ErrorCode::data_loss);
    wrong = packed;
    wrong.bytes.bytes = std::string_view(bytes).substr(0, bytes.size() / 2);
    CHECK(codec.unpack(wrong).error().code == ErrorCode::data_loss);
}

TEST_CASE("payload: a document over the limit is refused and one at it is not", "[store]") {
    const TemporaryFolder folder;
    const auto connection = open_connection(folder);
    PayloadCodec codec(*connection);
    std::string text(limits::k_document_bytes_max, 'a');
    CHECK(codec.pack(text));
    text.push_back('a');
    CHECK(codec.pack(text).error().code == ErrorCode::resource_exhausted);
}

TEST_CASE("payload: too few or empty samples give no dictionary", "[store]") {
    CHECK(train_dictionary({}).empty());
    CHECK(train_dictionary({"a", "b"}).empty());
}

}  // namespace assay::test
