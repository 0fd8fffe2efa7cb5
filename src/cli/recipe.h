#pragma once

#include <filesystem>
#include <string>

namespace fer {

/// The INI file of a recipe given by path, or by name: from $FER_RECIPES, else from share/fer_dist_train/recipes/ of an
/// installation, else from launch/recipes/ beside the build.
/// @throws Error (kUsage) naming the closest known recipe.
std::filesystem::path find_recipe(const std::string& name_or_path);

}  // namespace fer
