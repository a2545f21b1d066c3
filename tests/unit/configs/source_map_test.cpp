#include <catch2/catch.hpp>

#include "configs/spec.hpp"

namespace assay {
namespace {

TEST_CASE("source map: a value without a place has the place of its nearest parent") {
    SourceMap places;
    places.set("", {"a.yaml", 1, 1});
    places.set("/task", {"a.yaml", 2, 3});
    CHECK(places.find("/task/prompt/0/content").line == 2);
    CHECK(places.find("/tasks").line == 1);
    CHECK(places.find("").line == 1);
    CHECK(SourceMap().find("/task").file.empty());
}

TEST_CASE("source map: the place of a key is not the place of its value") {
    SourceMap places;
    places.set("/task", {"a.yaml", 2, 9});
    places.set_key("/task", {"a.yaml", 2, 1});
    CHECK(places.find("/task").column == 9);
    CHECK(places.find_key("/task").column == 1);
    CHECK(places.find_key("/task/0").column == 9);
}

TEST_CASE("source map: erasing a value forgets what is below it and nothing else") {
    SourceMap places;
    places.set("", {"a.yaml", 1, 1});
    for (const char* pointer : {"/a", "/a/b", "/a/b/c", "/a-b", "/ab"}) {
        places.set(pointer, {"a.yaml", 5, 1});
        places.set_key(pointer, {"a.yaml", 5, 1});
    }
    places.erase("/a");
    for (const char* gone : {"/a", "/a/b", "/a/b/c"}) {
        CHECK(places.find(gone).line == 1);
        CHECK(places.find_key(gone).line == 1);
    }
    CHECK(places.find("/a-b").line == 5);
    CHECK(places.find_key("/ab").line == 5);
}

TEST_CASE("source map: keys with slashes and tildes are escaped as RFC 6901 asks") {
    CHECK(pointer_to("/a", "b/c~d") == "/a/b~1c~0d");
    CHECK(pointer_to("", "") == "/");
    CHECK(pointer_to("/a", std::size_t{3}) == "/a/3");
}

}  // namespace
}  // namespace assay
