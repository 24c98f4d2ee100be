#include "tools/train/trainer.h"

#include <algorithm>
#include <cmath>

#include "eval/data/random_order.h"
#include "nn/networks.h"

namespace odin::training {
namespace {

// Streams of the generator, far from each other and from those of dropout, which count up from
// zero.
constexpr std::uint64_t kOrderStreams = std::uint64_t{1} << 62;
constexpr std::uint64_t kAugmentationStreams = std::uint64_t{1} << 63;

}  // namespace

Trainer::Trainer(const Architecture& architecture, const Recipe& recipe, const ImageSet& images,
                 Backend& backend)
    : architecture_(architecture),
      recipe_(recipe),
      images_(images),
      backend_(backend),
      scales_loss_(backend.activation_type() == DataType::kFloat16) {
  validate(recipe);
  per_epoch_ = steps_per_epoch(recipe, images.size());
  steps_ = std::max<std::int64_t>(1, steps_of(recipe.epochs, per_epoch_));
  half_size_steps_ = steps_of(recipe.half_size_epochs, per_epoch_);
  const std::int64_t n = recipe.batch_size;
  const std::int64_t classes = num_classes(architecture);
  order_ = Tensor(backend, {images.size()}, DataType::kInt32);
  labels_ = Tensor(backend, {images.size()}, DataType::kInt32);
  const auto [channels, side] = architecture.image;
  require(images.shape() == architecture.image,
          "images of {} x {} x {} do not fit a network for {} x {} x {}", images.shape().channels,
          images.shape().side, images.shape().side, channels, side, side);
  batch_ = Tensor(backend, {n, channels, side, side});
  if (half_size_steps_ > 0) halved_ = Tensor(backend, {n, channels, side / 2, side / 2});
  loss_ = Tensor(backend, {n});
  predictions_ = Tensor(backend, {n}, DataType::kInt32);
  dlogits_ = Tensor(backend, {n, classes});
  if (scales_loss_) not_finite_ = Tensor(backend, {1}, DataType::kInt32);
  use_image_size();
  network_->set_parameters(initial_parameters(architecture, recipe.seed));
  sgd_ = std::make_unique<Sgd>(*network_);
}

int Trainer::image_size() const {
  const int side = architecture_.image.side;
  return step_ < half_size_steps_ ? side / 2 : side;
}

// Moves the parameters to a network for images of another size, when it is time.
void Trainer::use_image_size() {
  if (network_size_ == image_size()) return;
  network_size_ = image_size();
  const std::unique_ptr<Network> before = std::move(network_);
  Architecture architecture = architecture_;
  architecture.image.side = network_size_;
  network_ = std::make_unique<Network>(build_graph(architecture, recipe_.dropout), backend_);
  if (before) network_->set_parameters(before->parameters());
}

void Trainer::load_epoch(std::int64_t epoch) {
  if (epoch == epoch_) return;
  epoch_ = epoch;
  // Shuffled here and not on the device, because the exchanges of Fisher and Yates depend on each
  // other. Uploading the result, four bytes per image, costs less per epoch than a single step.
  const std::vector<std::int32_t> order = random_permutation(
      images_.size(), {recipe_.seed, kOrderStreams + static_cast<std::uint64_t>(epoch)});
  order_.upload(backend_, {order.begin(), order.end()});
  std::vector<double> labels;
  for (const std::int32_t i : order) {
    labels.push_back(images_.labels()[static_cast<std::size_t>(i)]);
  }
  labels_.upload(backend_, labels);
}

ConstTensorView Trainer::load(const ImageSet& images, const Augmentation& augmentation,
                              RandomKey key, ConstTensorView indices) {
  const std::int64_t n = indices.shape()[0];
  const TensorView batch = batch_.view().images(0, n);
  images.load(augmentation, key, indices, batch);
  if (network_size_ == architecture_.image.side) return batch;
  const TensorView halved = halved_.view().images(0, n);
  backend_.average_pool_forward(2, 2, batch, halved);
  return halved;
}

Tally Trainer::tally(ConstTensorView logits, ConstTensorView labels) {
  const std::int64_t n = labels.shape()[0];
  const TensorView loss = loss_.view().slice(0, 0, n);
  const TensorView predictions = predictions_.view().slice(0, 0, n);
  backend_.cross_entropy_forward(logits, labels, 1, loss);
  backend_.argmax(logits, predictions);
  std::vector<double> losses(static_cast<std::size_t>(n));
  std::vector<double> predicted(losses.size());
  std::vector<double> wanted(losses.size());
  backend_.download(loss, losses.data());
  backend_.download(predictions, predicted.data());
  backend_.download(labels, wanted.data());
  Tally tally{.images = n};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    tally.loss += losses[i];
    tally.errors += predicted[i] != wanted[i];
  }
  return tally;
}

// The gradients of the last backward pass, or the running statistics of batch norms.
bool Trainer::are_finite(Values values) {
  const bool gradients = values == Values::kGradients;
  not_finite_.upload(backend_, {0});
  for (const Network::Parameter& p : network_->parameter_list()) {
    if (p.trainable != gradients) continue;
    const Tensor& tensor = gradients ? p.gradient : p.value;
    backend_.find_not_finite(tensor.view(), not_finite_.view());
  }
  return not_finite_.download(backend_)[0] == 0;
}

Tally Trainer::step() {
  use_image_size();
  load_epoch(step_ / per_epoch_);
  const std::int64_t n = recipe_.batch_size;
  const std::int64_t begin = step_ % per_epoch_ * n;
  const auto number = static_cast<std::uint64_t>(step_);
  const ConstTensorView images =
      load(images_, recipe_.augmentation, {recipe_.seed, kAugmentationStreams + number},
           order_.view().slice(0, begin, n));
  const ConstTensorView labels = labels_.view().slice(0, begin, n);
  network_->set_random(recipe_.seed, number);
  const ConstTensorView logits = network_->forward(images, Mode::kTraining);
  const Tally result = tally(logits, labels);
  if (!std::isfinite(result.loss)) fail_at_step(result.mean_loss());
  backend_.fill(dlogits_.view(), 0);
  const double scale = scales_loss_ ? loss_scale_.value : 1;
  backend_.cross_entropy_backward(logits, labels, 1, scale / static_cast<double>(n),
                                  dlogits_.view());
  network_->backward(dlogits_.view(), {.input = false, .parameters = true});
  const bool usable = !scales_loss_ || are_finite(Values::kGradients);
  if (usable) {
    sgd_->step(*network_,
               {next_rate(), recipe_.momentum, recipe_.weight_decay, recipe_.nesterov, scale});
  } else {
    // An activation overflowed, but a ReLU after a batch norm hides it from the loss.
    if (!are_finite(Values::kStatistics)) fail_at_step(result.mean_loss());
    require(
        scale > 1,
        "step {}: gradients overflow in fp16 at a learning rate of {:.6g}, even with an unscaled "
        "loss. --precision bf16 has a larger range, and a smaller --rate may help, too",
        step_ + 1, next_rate());
  }
  if (scales_loss_) loss_scale_.update(usable);
  ++step_;
  return result;
}

Tally Trainer::evaluate(const ImageSet& images) {
  std::vector<double> every(static_cast<std::size_t>(images.size()));
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = static_cast<double>(i);
  Tensor indices(backend_, {images.size()}, DataType::kInt32);
  indices.upload(backend_, every);
  Tensor labels(backend_, {images.size()}, DataType::kInt32);
  labels.upload(backend_, {images.labels().begin(), images.labels().end()});
  Tally sum;
  for (std::int64_t at = 0; at < images.size(); at += recipe_.batch_size) {
    const std::int64_t n = std::min(recipe_.batch_size, images.size() - at);
    const ConstTensorView logits =
        network_->forward(load(images, {}, {}, indices.view().slice(0, at, n)), Mode::kEvaluation);
    const Tally part = tally(logits, labels.view().slice(0, at, n));
    sum.loss += part.loss;
    sum.errors += part.errors;
    sum.images += part.images;
  }
  return sum;
}

void Trainer::restore(std::int64_t steps, const ParameterMap& parameters,
                      const ParameterMap& velocities, const LossScale& loss_scale) {
  require(steps >= 0 && steps <= steps_, "step {} is not one of {}", steps, steps_);
  step_ = steps;
  use_image_size();
  network_->set_parameters(parameters);
  sgd_->set_velocities(velocities);
  loss_scale_ = loss_scale;
}

void Trainer::fail_at_step(double loss) {
  fail(
      "step {}: the loss is {} at a learning rate of {:.6g}, and the first values that are not "
      "finite are in {}. A smaller --rate or a longer --warmup-epochs may help",
      step_ + 1, loss, next_rate(), network_->first_not_finite());
}

}  // namespace odin::training
