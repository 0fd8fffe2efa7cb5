#pragma once

#include <filesystem>
#include <string>

namespace fer {

/// The INI file of a recipe given by name (from launch/recipes/ beside the build, or $FER_RECIPES) or by path.
/// @throws Error (kUsage) naming the closest known recipe.
std::filesystem::path find_recipe(const std::string& name_or_path);

}  // namespace fer
