#pragma once

#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "configs/spec.hpp"
#include "core/model/run.hpp"

namespace assay {

/// Which models answered, by what they called themselves: a name such as "gpt-4.1-mini" is an
/// alias of a model that changes.
class ModelsSeen {
  public:
    void add(const ModelAnswered& answered);
    /// Those of a unit, failed calls aside.
    void add(const UnitResult& unit);

    /// Completes the manifest's `models`: asked -> resolved, several joined by ", "; what did not
    /// answer stays null.
    void complete(const ExperimentSpec& spec, Json& manifest) const;

  private:
    std::set<std::tuple<std::string, std::string, std::string>> seen_;  // variant, step, model
    std::set<std::pair<std::string, std::string>> judges_;              // asked, answered
};

}  // namespace assay
