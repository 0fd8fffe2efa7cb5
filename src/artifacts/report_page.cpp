#include <algorithm>

#include "artifacts/html.h"
#include "artifacts/report.h"
#include "artifacts/report_parts.h"
#include "artifacts/score_figures.h"
#include "base/error.h"

namespace fer {
namespace {

void require_fitting(const JudgedFace& face, const Report& report) {
  require(face.picture.size() == static_cast<std::size_t>(report.height * report.width),
          "a face of a report has another size than the report");
  require(!report.classes.empty() && face.probabilities.size() == report.classes.size(),
          "a face of a report has probabilities of another number of classes than the report");
}

void require_fitting(const SplitReport& split, const Report& report) {
  if (split.scores) require_fitting(*split.scores, report.classes);
  for (const auto& group : split.galleries)
    for (const auto& face : group.faces) require_fitting(face, report);
  for (const auto& explained : split.explained) {
    require_fitting(explained.face, report);
    require(explained.grad_cam.size() == explained.face.picture.size() &&
                explained.gradient.size() == explained.face.picture.size(),
            "a map of a report has another size than its face");
  }
}

void require_fitting(const Report& report) {
  if (report.scored) require_fitting(*report.scored, report);
  for (const auto& split : report.class_counts)
    require(split.counts.size() == report.classes.size(), "a report needs a count for each class of a split");
  for (const auto& picture : report.augmented) {
    require(picture.stored.size() == static_cast<std::size_t>(report.height * report.width),
            "a stored picture of a report has another size than the report");
    for (const auto& changed : picture.changed)
      require(changed.size() == static_cast<std::size_t>(report.changed_height * report.changed_width),
              "a changed picture of a report has another size than the report says");
  }
}

std::string headline(const Report& report) {
  if (report.headline.empty()) return "";
  std::string html = "<dl class=\"headline\">\n";
  for (const auto& fact : report.headline)
    append(html, "<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(fact.name), escaped(fact.value));
  return html + "</dl>\n";
}

std::string fact_lists(const Report& report) {
  std::string html;
  for (const auto& group : report.facts) {
    if (group.facts.empty()) continue;
    append(html, "<div>\n<h3>{}</h3>\n<dl class=\"facts\">\n", escaped(group.title));
    for (const auto& fact : group.facts)
      append(html, "<dt>{}</dt><dd>{}</dd>\n", escaped(fact.name), escaped(fact.value));
    html += "</dl>\n</div>\n";
  }
  return html.empty() ? "" : "<div class=\"columns\">\n" + html + "</div>\n";
}

std::string configuration(const Report& report) {
  if (report.config.empty()) return "";
  return fmt::format(
      "<p>All options, resolved: with this <code>config.ini</code> as <code class=\"unbroken\">--config</code> the run "
      "is repeated.</p>\n"
      "<pre class=\"options\" tabindex=\"0\" role=\"region\" aria-label=\"config.ini\">{}</pre>\n",
      escaped(report.config));
}

}  // namespace

std::string report_page(const Report& report) {
  require_fitting(report);
  const auto on_split = report.scored && !report.scored->split.empty() ? " on " + report.scored->split : "";
  return sectioned_page(report.title, report.subtitle, headline(report),
                        {{"training", "Training", training_curves(report)},
                         {"answers", "Answers" + on_split, split_answers(report)},
                         {"faces", "Faces", face_galleries(report)},
                         {"explained", "What spoke for a class", explained_faces(report)},
                         {"data", "Data", data_overview(report)},
                         {"ranks", "Time of the ranks", rank_seconds(report)},
                         {"facts", "Facts", fact_lists(report)},
                         {"configuration", "Configuration", configuration(report)}});
}

std::string split_answers(const Report& report) {
  if (!report.scored) return "";
  const auto& split = *report.scored;
  std::string html;
  if (!split.role.empty()) append(html, "<p>{}</p>\n", escaped(split.role));
  if (!split.scores) {
    if (split.samples > 0) append(html, "<p>Samples: {}, whose classes are unknown.</p>\n", with_commas(split.samples));
    return html;
  }
  append(html, "{}<div class=\"columns\">\n<div>\n{}</div>\n{}</div>\n{}", score_list(*split.scores),
         class_table(*split.scores, report.classes), reliability_diagram(*split.scores),
         confusion_table(*split.scores, report.classes));
  return html;
}

}  // namespace fer
