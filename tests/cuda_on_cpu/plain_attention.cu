// SPDX-License-Identifier: MIT
// Attention of the plain backend against the CPU's.
#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "plain/against_cpu.cuh"

using namespace against_cpu;

TEST_CASE_TEMPLATE("attention", Both, Fp64, Fp32, Bf16) {
  Both both;
  struct Heads {
    int count;
    Index width;
  };
  for (const auto& lengths : packings)
    for (const auto [heads, d] : {Heads{1, 32}, Heads{3, 64}, Heads{2, 5}}) {
      const Index t = std::reduce(lengths.begin(), lengths.end()), width = heads * d;
      CAPTURE(t);
      CAPTURE(d);
      const auto forward = [=]<class D>(Data<D>& data) {
        return ops::Attention<Scalar<D>, Wide<D>>{.qkv = data.inout("qkv", t, 3 * width),
                                                  .sequences = data.sequences(lengths),
                                                  .heads = heads,
                                                  .y = data.output("y", t, width),
                                                  .normaliser = data.output("sums", t, heads)};
      };
      CHECK(both.difference(forward, Bounds<Both>::scores_of(d)) == "");
      const std::vector<Output> made = both.prepared(forward);
      const auto backward = [&]<class D>(Data<D>& data) {
        return ops::AttentionBackward<Scalar<D>, Wide<D>>{
            .qkv = data.given(made[0].values, t, 3 * width),
            .y = data.given(made[1].values, t, width),
            .normaliser = data.given(made[2].values, t, heads),
            .sequences = data.sequences(lengths),
            .heads = heads,
            .grad_y = data.input(t, width),
            .grad_qkv = data.output("grad_qkv", t, 3 * width)};
      };
      CHECK(both.difference(backward, Bounds<Both>::scores_of(d)) == "");
    }
}

TEST_CASE_TEMPLATE("class attention", Both, Fp64, Fp32, Bf16) {
  Both both;
  struct Heads {
    int count;
    Index width;
  };
  for (const auto& lengths : packings)
    for (const auto [heads, d] : {Heads{1, 32}, Heads{3, 64}, Heads{2, 5}}) {
      const Index t = std::reduce(lengths.begin(), lengths.end()), width = heads * d,
                  s = static_cast<Index>(lengths.size());
      CAPTURE(t);
      CAPTURE(d);
      const auto forward = [=]<class D>(Data<D>& data) {
        return ops::ClassAttention<Scalar<D>, Wide<D>>{
            .q = data.inout("q", s, width),
            .k = data.inout("k", s + t, width),
            .v = data.inout("v", s + t, width),
            .sequences = data.sequences(lengths),
            .heads = heads,
            .y = data.output("y", s, width),
            .normaliser = data.output("normaliser", s, heads)};
      };
      CHECK(both.difference(forward, Bounds<Both>::scores_of(d)) == "");
      const std::vector<Output> made = both.prepared(forward);
      const auto backward = [&]<class D>(Data<D>& data) {
        return ops::ClassAttentionBackward<Scalar<D>, Wide<D>>{
            .q = data.given(made[0].values, s, width),
            .k = data.given(made[1].values, s + t, width),
            .v = data.given(made[2].values, s + t, width),
            .y = data.given(made[3].values, s, width),
            .normaliser = data.given(made[4].values, s, heads),
            .sequences = data.sequences(lengths),
            .heads = heads,
            .grad_y = data.input(s, width),
            .grad_q = data.output("grad_q", s, width),
            .grad_k = data.output("grad_k", s + t, width),
            .grad_v = data.output("grad_v", s + t, width)};
      };
      CHECK(both.difference(backward, Bounds<Both>::scores_of(d)) == "");
    }
}
