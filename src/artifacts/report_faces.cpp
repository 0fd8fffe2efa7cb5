#include <algorithm>
#include <numeric>

#include "artifacts/html.h"
#include "artifacts/overlay.h"
#include "artifacts/png.h"
#include "artifacts/report_parts.h"

namespace fer {
namespace {

constexpr std::size_t kLikeliest = 3;  // classes that are told of a face

/// The labels of the likeliest classes, the answer first.
std::vector<std::size_t> likeliest(const JudgedFace& face) {
  std::vector<std::size_t> labels(face.probabilities.size());
  std::iota(labels.begin(), labels.end(), std::size_t{0});
  std::ranges::stable_sort(labels, std::greater{}, [&](std::size_t label) { return face.probabilities[label]; });
  labels.resize(std::min(labels.size(), kLikeliest));
  return labels;
}

std::string image(const std::string& png, std::int64_t height, std::int64_t width, std::string_view alt,
                  std::string_view attributes) {
  return fmt::format("<img{} src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{}\">", attributes, png_address(png), width,
                     height, escaped(alt));
}

/// "row 17: class happy, answered sad with 63.0%"
std::string described(const JudgedFace& face, const Report& report) {
  const auto answer = likeliest(face).front();
  return fmt::format("{}: {}answered {} with {}", face.name, face.truth.empty() ? "" : "class " + face.truth + ", ",
                     report.classes[answer], percent(face.probabilities[answer]));
}

std::string judged_face(const JudgedFace& face, const Report& report) {
  const auto labels = likeliest(face);
  auto html =
      fmt::format("<li class=\"face\">\n{}\n<div>\n<p>{}</p>\n",
                  gray_image(face.picture, report.height, report.width, described(face, report)), escaped(face.name));
  const auto& answer = report.classes[labels.front()];
  if (!face.truth.empty())
    append(html, "<div>is {}, {}</div>\n", escaped(face.truth),
           face.truth == answer ? "as answered" : "not " + escaped(answer));
  html += "<ul class=\"bars\">\n";
  for (const auto label : labels)
    append(html,
           "<li><span class=\"name\">{}</span><span class=\"bar\" style=\"width: {}\"></span>"
           "<span class=\"count\">{}</span></li>\n",
           escaped(report.classes[label]), percent(face.probabilities[label]), percent(face.probabilities[label]));
  return html + "</ul>\n</div>\n</li>\n";
}

/// The explained class and its probability, where the net has it.
std::string explained_class(const ExplainedFace& explained, const Report& report) {
  const auto label =
      static_cast<std::size_t>(std::ranges::find(report.classes, explained.class_name) - report.classes.begin());
  return label == report.classes.size()
             ? explained.class_name
             : fmt::format("{} ({})", explained.class_name, percent(explained.face.probabilities[label]));
}

std::string explained_face(const ExplainedFace& explained, const Report& report) {
  const auto& face = explained.face;
  const auto map_image = [&](const std::vector<float>& map, const char* method) {
    return image(encode_png_rgb(overlay(face.picture, map), report.height, report.width), report.height, report.width,
                 fmt::format("{}: what spoke for {}, by {}", face.name, explained.class_name, method), "");
  };
  return fmt::format(
      "<figure class=\"face\">\n<div class=\"trio\">\n{}\n{}\n{}\n</div>\n<figcaption><strong>for {}</strong> in {}{}"
      "</figcaption>\n</figure>\n",
      gray_image(face.picture, report.height, report.width, described(face, report)),
      map_image(explained.grad_cam, "Grad-CAM"), map_image(explained.gradient, "gradient"),
      escaped(explained_class(explained, report)), escaped(face.name),
      face.truth.empty() ? "" : ", which is " + escaped(face.truth));
}

}  // namespace

std::string gray_image(const GrayPicture& picture, std::int64_t height, std::int64_t width, std::string_view alt,
                       std::string_view attributes) {
  return image(encode_png_gray(picture, height, width), height, width, alt, attributes);
}

std::string face_galleries(const Report& report) {
  if (!report.scored) return "";
  std::string html;
  for (const auto& group : report.scored->galleries) {
    if (group.faces.empty()) continue;
    append(html, "<h3>{}</h3>\n", escaped(group.title));
    if (!group.note.empty()) append(html, "<p>{}</p>\n", escaped(group.note));
    html += "<ul class=\"faces\">\n";
    for (const auto& face : group.faces) html += judged_face(face, report);
    html += "</ul>\n";
  }
  return html;
}

std::string explained_faces(const Report& report) {
  if (!report.scored || report.scored->explained.empty()) return "";
  std::string html =
      "<p>Each face as it is; where the last convolution saw what spoke for the class (Grad-CAM); and the pixels that "
      "the class depends on most (gradient). Bright is much.</p>\n<div class=\"faces\">\n";
  for (const auto& explained : report.scored->explained) html += explained_face(explained, report);
  return html + "</div>\n";
}

}  // namespace fer
