#include "myelin/kernels/similarity.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "cpu/ranking.hpp"
#include "cpu/reduction_kernels.hpp"
#include "tensor/rows.hpp"

namespace myelin::kernels {

namespace {

// Rows at a time: their scores stay in L1.
constexpr std::size_t kRowsPerPass = 256;

struct Search {
  const float* query;
  std::size_t dim;
  const float* rows;
  std::size_t stride;
  std::size_t count;
  Similarity measure;
};

Result<Search> check_search(const ConstTensorView& query, const ConstTensorView& vectors, Similarity measure) {
  if (measure != Similarity::dot && measure != Similarity::cosine) {
    return fail(Errc::invalid_argument,
                "similarity " + std::to_string(static_cast<int>(measure)) + " is not one of Similarity");
  }
  if (vectors.shape.rank() != 2) {
    return fail(Errc::invalid_argument,
                "tensor 'vectors' has rank " + std::to_string(vectors.shape.rank()) + " where 2 is needed");
  }
  if (auto checked = check_tensor("vectors", vectors); !checked) return tl::unexpected{checked.error()};
  if (auto checked = check_rows("vectors", vectors); !checked) return tl::unexpected{checked.error()};
  if (auto checked = check_tensor("query", query, TensorShape{vectors.shape[1]}); !checked) {
    return tl::unexpected{checked.error()};
  }
  if (auto checked = check_rows("query", query); !checked) return tl::unexpected{checked.error()};
  return Search{query.floats(),   vectors.shape[1], vectors.floats(), with_plain_strides(vectors).strides[0],
                vectors.shape[0], measure};
}

// Calls visit(first, count, scores) for some rows after the others.
template <class Visit>
void for_each_score(const Search& search, Visit visit) {
  float scores[kRowsPerPass];
  float squares[kRowsPerPass];
  float query_square = 0;
  if (search.dim == 0) {
    std::fill_n(scores, kRowsPerPass, 0.0F);
    std::fill_n(squares, kRowsPerPass, 0.0F);
  } else if (search.measure == Similarity::cosine) {
    cpu::dot_rows(search.query, search.query, 0, 1, search.dim, &query_square, nullptr);
  }
  for (std::size_t first = 0; first < search.count; first += kRowsPerPass) {
    const std::size_t count = std::min(kRowsPerPass, search.count - first);
    if (search.dim != 0) {
      cpu::dot_rows(search.query, search.rows + first * search.stride, search.stride, count, search.dim, scores,
                    search.measure == Similarity::cosine ? squares : nullptr);
    }
    if (search.measure == Similarity::cosine) {
      for (std::size_t i = 0; i < count; ++i) {
        // Roots before the product: squares of small vectors would vanish in it.
        const float lengths = std::sqrt(query_square) * std::sqrt(squares[i]);
        scores[i] = lengths == 0.0F ? 0.0F : scores[i] / lengths;
      }
    }
    visit(first, count, scores);
  }
}

}  // namespace

Result<void> similarities(ConstTensorView query, ConstTensorView vectors, Similarity measure, TensorView scores) {
  const auto search = check_search(query, vectors, measure);
  if (!search) return tl::unexpected{search.error()};
  if (auto checked = check_output("scores", scores, TensorShape{search->count}); !checked) return checked;
  if (auto checked = check_disjoint("scores", scores, "query", query); !checked) return checked;
  if (auto checked = check_disjoint("scores", scores, "vectors", vectors); !checked) return checked;
  if (scores.empty()) return {};
  for_each_score(*search, [&](std::size_t first, std::size_t count, const float* values) {
    for (std::size_t i = 0; i < count; ++i) scores.floats()[(first + i) * scores.strides[0]] = values[i];
  });
  return {};
}

Result<std::size_t> nearest(ConstTensorView query, ConstTensorView vectors, Similarity measure,
                            std::span<Ranked> best) {
  auto search = check_search(query, vectors, measure);
  if (!search) return tl::unexpected{search.error()};
  // Without dimensions all are equal, and the first ones count: there may be more than memory could hold.
  if (search->dim == 0) search->count = std::min(search->count, best.size());
  if (auto checked = check_best(best, "query", query); !checked) return tl::unexpected{checked.error()};
  if (auto checked = check_best(best, "vectors", vectors); !checked) return tl::unexpected{checked.error()};
  Ranking ranking{best};
  for_each_score(
      *search, [&](std::size_t first, std::size_t count, const float* values) { ranking.offer(values, count, first); });
  return ranking.finish();
}

}  // namespace myelin::kernels
