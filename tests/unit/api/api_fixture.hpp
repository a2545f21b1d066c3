#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "server/api/api.hpp"
#include "server/api/first_start.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/api/raw_client.hpp"

namespace assay::test {

inline constexpr const char* k_admin_key = "admin-key-of-the-operator";

class TestClock final : public Clock {
  public:
    /// 2026-11-01T09:30:00Z, and what has passed since.
    [[nodiscard]] Time now() const override;
    [[nodiscard]] MonotonicTime monotonic() const override {
        return MonotonicTime(std::chrono::hours(1) + passed.load());
    }
    std::atomic<std::chrono::milliseconds> passed{};
};

class TestLog final : public ServerLog {
  public:
    explicit TestLog(LogForm form = LogForm::json) : ServerLog(form) {}
    std::string text();

  protected:
    void write(const std::string& line) override;

  private:
    std::mutex mutex_;
    std::string text_;
};

/// Headers of a request, as KeyPair and key would send them.
std::string basic(const KeyPair& pair);
std::string bearer(std::string_view token);
/// As the operator sends them who asks as a project.
std::string operator_of(std::string_view project);
Json body_of(const RawResponse& response);

/// A running server over a store of its own, with the keys of a project, of its organisation and
/// of another organisation's project.
class ApiFixture {
  public:
    ApiFixture();
    ~ApiFixture();

    KeyPair add_key(KeyOwner owner);
    RawResponse ask(std::string_view method, std::string_view target, std::string_view headers = "",
                    std::string_view body = "");

    /// An answer to the project's key.
    struct Answer {
        int status = 0;
        Json body;  ///< null when there was none, or it was not JSON
    };
    Answer get(std::string_view target);
    Answer post(std::string_view target, const Json& body);
    Answer send(std::string_view method, std::string_view target, const Json& body = nullptr);
    /// As the key of the other organisation's project.
    Answer send_as_other(std::string_view method, std::string_view target,
                         const Json& body = nullptr);
    /// Sends a batch of POST /ingestion, each of whose events must succeed.
    void ingest(const Json& events);

    TemporaryFolder folder;
    TestClock clock;
    TestLog log;
    std::unique_ptr<AccessStore> access;
    ServerSecrets secrets;
    KeyPair project;
    KeyPair organization;
    KeyPair other_project;
    std::unique_ptr<Database> database;
    ReaderPool readers;
    WriteQueue writes;
    boost::asio::thread_pool access_thread{1};
    boost::asio::thread_pool workers{2};
    Api api;
    RunningServer server;

  private:
    Answer send_with(const KeyPair& pair, std::string_view method, std::string_view target,
                     const Json& body);
};

}  // namespace assay::test
