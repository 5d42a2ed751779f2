"""Memories of transitions that an agent learns from again."""
