"""A planar arm of two links that is driven by torques to a target."""

from __future__ import annotations

import math

import numpy as np

from appliednn.core.errors import import_extra

gymnasium = import_extra("gymnasium", "rl")
spaces = gymnasium.spaces

# Seconds of a control step, and of one of the steps of the integrator within it.
_CONTROL, _SUBSTEPS = 0.05, 4
_CLOSE = 0.05  # metres from the target that count as there


class RobotArm(gymnasium.Env):
    """Two links on a table reach for a point; the closer the tip, the higher the reward.

    The links are uniform rods of 0.5 m and 1 kg, without gravity (the table carries them), with
    friction in both joints. The id ``appliednn/RobotArm-v0`` cuts an episode off after 100 steps
    of 0.05 s.

    Parameters
    ----------
    effort_cost : float
        Weight of the mean squared action in the reward.
    max_torque : float
        Torque in N m that an action of 1 stands for.
    damping : float
        Friction of a joint in N m s.

    Notes
    -----
    Observations (10): cosine and sine of the two joint angles, their velocities in 5 rad/s,
    target (x, y) and target minus tip (x, y), in metres. Actions: torques of shoulder and elbow
    in [-1, 1]. Reward: minus the distance of the tip from the target in metres, minus
    ``effort_cost`` times the mean squared action. ``info["at_target"]`` is 1 while the tip is
    within 5 cm.

    References
    ----------
    Equations of motion: M. Spong, S. Hutchinson and M. Vidyasagar, Robot Modeling and Control,
    Wiley, 2006, chapter 7.

    Examples
    --------
    >>> env = RobotArm()
    >>> observation, _ = env.reset(seed=0)
    >>> observation.shape, env.action_space.shape
    ((10,), (2,))
    """

    metadata = {"render_modes": []}
    link_length = 0.5
    link_mass = 1.0
    max_speed = 5.0 * math.pi

    def __init__(
        self,
        effort_cost: float = 0.02,
        max_torque: float = 2.0,
        damping: float = 0.3,
        render_mode: str | None = None,
    ):
        self.effort_cost = effort_cost
        self.max_torque = max_torque
        self.damping = damping
        self.render_mode = render_mode
        high = np.array([1, 1, 1, 1, math.pi, math.pi, 1, 1, 2, 2], np.float32)
        self.observation_space = spaces.Box(-high, high, dtype=np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.state = (0.0, 0.0, 0.0, 0.0)
        self.target = (0.5, 0.5)

    def reset(self, *, seed=None, options=None):
        """Draw the pose of the resting arm and a target within its reach."""
        super().reset(seed=seed)
        shoulder, elbow, turn = self.np_random.uniform(-math.pi, math.pi, 3)
        # Even over the area, from 0.2 m to 0.95 m.
        reach = math.sqrt(self.np_random.uniform(0.2**2, 0.95**2))
        self.state = (float(shoulder), float(elbow), 0.0, 0.0)
        self.target = (reach * math.cos(turn), reach * math.sin(turn))
        return self._observation(), {"at_target": float(self._distance() < _CLOSE)}

    def step(self, action):
        """Apply two torques, as shares of the largest one, for 0.05 s."""
        first, second = (min(1.0, max(-1.0, float(share))) for share in action)
        for _ in range(_SUBSTEPS):
            self._integrate(first * self.max_torque, second * self.max_torque)
        distance = self._distance()
        reward = -distance - self.effort_cost * (first * first + second * second) / 2
        info = {"at_target": float(distance < _CLOSE)}
        return self._observation(), reward, False, False, info

    def energy(self) -> float:
        """Return the kinetic energy in J; without torque and damping it stays the same."""
        _, elbow, speed1, speed2 = self.state
        m11, m12, m22 = self._inertia(elbow)
        return 0.5 * (m11 * speed1**2 + 2 * m12 * speed1 * speed2 + m22 * speed2**2)

    def tip(self) -> tuple[float, float]:
        """Return the position of the tip in metres."""
        shoulder, elbow = self.state[:2]
        length = self.link_length
        return (
            length * (math.cos(shoulder) + math.cos(shoulder + elbow)),
            length * (math.sin(shoulder) + math.sin(shoulder + elbow)),
        )

    def _inertia(self, elbow: float) -> tuple[float, float, float]:
        # Rods of equal mass and length: inertia m l^2 / 12 about the middle.
        unit = self.link_mass * self.link_length**2
        m22 = unit / 3
        m12 = m22 + unit * math.cos(elbow) / 2
        return unit * (5 / 3 + math.cos(elbow)), m12, m22

    def _integrate(self, torque1: float, torque2: float) -> None:
        shoulder, elbow, speed1, speed2 = self.state
        m11, m12, m22 = self._inertia(elbow)
        coupling = self.link_mass * self.link_length**2 * math.sin(elbow) / 2
        # Torques left over after friction, Coriolis and centrifugal terms.
        net1 = torque1 - self.damping * speed1 + coupling * (2 * speed1 + speed2) * speed2
        net2 = torque2 - self.damping * speed2 - coupling * speed1**2
        determinant = m11 * m22 - m12 * m12
        dt, limit = _CONTROL / _SUBSTEPS, self.max_speed
        speed1 += dt * (m22 * net1 - m12 * net2) / determinant
        speed2 += dt * (m11 * net2 - m12 * net1) / determinant
        speed1 = min(limit, max(-limit, speed1))
        speed2 = min(limit, max(-limit, speed2))
        self.state = (shoulder + dt * speed1, elbow + dt * speed2, speed1, speed2)

    def _distance(self) -> float:
        x, y = self.tip()
        return math.hypot(self.target[0] - x, self.target[1] - y)

    def _observation(self) -> np.ndarray:
        shoulder, elbow, speed1, speed2 = self.state
        (x, y), (to_x, to_y) = self.tip(), self.target
        return np.array(
            (
                math.cos(shoulder),
                math.sin(shoulder),
                math.cos(elbow),
                math.sin(elbow),
                speed1 / 5,
                speed2 / 5,
                to_x,
                to_y,
                to_x - x,
                to_y - y,
            ),
            np.float32,
        )
