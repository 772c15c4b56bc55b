// SPDX-License-Identifier: MIT
// Singular values on the CPU, by Eigen.
#pragma once

#include "extrema/cpu/eigen.hpp"  // before Eigen's own
//
#include <Eigen/Eigenvalues>

#include "extrema/cpu/device.hpp"
#include "extrema/ops/singular_values.hpp"

namespace extrema::cpu {

/// (Eigen allocates here; this is no part of a step.)
template <class P, class G, class H, class W>
void launch(TeamDevice<P, G, H>&, const ops::SingularValues<W>& op) {
  const EigenMatrix<double> x = eigen(op.x).template cast<double>();
  EigenMatrix<double> gram;  // the smaller of the two
  if (x.rows() < x.cols()) gram.noalias() = x * x.transpose();
  else gram.noalias() = x.transpose() * x;
  const Eigen::SelfAdjointEigenSolver<EigenMatrix<double>> solver{gram, Eigen::EigenvaluesOnly};
  row(op.values.data, op.values.size()) =
      solver.eigenvalues().reverse().array().transpose().max(0).sqrt();
}

}  // namespace extrema::cpu
