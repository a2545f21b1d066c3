#pragma once

#include "server/store/database.hpp"

namespace assay {

/// Freed space is filled with zeros as long as this lives, and the log is emptied afterwards.
class Overwriting {
  public:
    explicit Overwriting(Session& writer) : connection_(writer.connection()) {
        // Neither ever fails for an open connection.
        (void)connection_.execute_script("PRAGMA secure_delete = ON");
        writer.ask_to_settle();
    }
    ~Overwriting() { (void)connection_.execute_script("PRAGMA secure_delete = OFF"); }
    Overwriting(const Overwriting&) = delete;
    Overwriting& operator=(const Overwriting&) = delete;

  private:
    Connection& connection_;
};

}  // namespace assay
