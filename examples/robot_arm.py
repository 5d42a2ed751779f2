"""An arm of two links learns to reach for a target, beside chance and a spring."""

from pathlib import Path

from appliednn.reinforcement import (
    Evaluation,
    RandomPolicy,
    SACAgent,
    heuristic_policy,
    replay_svg,
    run_episodes,
)

ARM = "appliednn/RobotArm-v0"

agent = SACAgent(
    ARM,
    total_timesteps=20_000,
    n_envs=8,
    train_freq=8,
    gradient_steps=8,
    batch_size=128,
    hidden_layer_sizes=(64, 64),
    gamma=0.9,
    tau=0.02,
    learning_rate=2e-3,
    learning_starts=1_000,
    random_state=0,
).fit()

seeds = range(40)
learned = agent.evaluate(seeds=seeds, record=True)
chance = Evaluation(run_episodes(RandomPolicy(ARM), ARM, seeds))
spring = Evaluation(run_episodes(heuristic_policy(ARM), ARM, seeds))
print("minus the sum of the distances in metres over 100 steps, mean of 40 targets:")
for name, found in (("agent", learned), ("chance", chance), ("spring", spring)):
    low, high = found.mean.ci
    there = found.episodes.info_sums["at_target"].mean()
    print(f"  {name:7} {found.mean.value:6.1f} ({low:.1f} to {high:.1f}), {there:.0f} steps there")

picture = Path("reports/robot_arm.svg")
picture.parent.mkdir(exist_ok=True)
worst = learned.worst(1)[0]
picture.write_text(replay_svg(learned.episodes, ARM, worst["seed"]), encoding="utf-8")
print(f"the worst episode, of seed {worst['seed']}: {picture}")
