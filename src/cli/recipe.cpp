#include "cli/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

namespace fs = std::filesystem;

/// Of the prefix that the program was installed to, else of the project, in whose build*/bin it lies.
fs::path recipe_folder() {
  if (const char* folder = std::getenv("FER_RECIPES")) return folder;
  std::error_code error;
  const auto above_bin = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  const auto installed = above_bin / "share" / "fer_dist_train" / "recipes";
  return path_exists(installed) ? installed : above_bin.parent_path() / "launch" / "recipes";
}

}  // namespace

fs::path find_recipe(const std::string& name_or_path) {
  const auto folder = recipe_folder();
  if (const auto named = folder / (name_or_path + ".ini"); path_exists(named)) return named;
  if (path_exists(name_or_path)) return name_or_path;

  std::vector<std::string> known;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".ini") known.push_back(entry.path().stem().string());
  require(!known.empty(), ExitCode::kUsage,
          fmt::format("there are no recipes in '{}'; set FER_RECIPES to their folder.", folder.string()));
  std::ranges::sort(known);
  fail(ExitCode::kUsage, fmt::format("there is no recipe '{}'; did you mean '{}'? There are {}; a path to an INI file "
                                     "will do too.",
                                     name_or_path, closest_name(name_or_path, known), join(known)));
}

}  // namespace fer
