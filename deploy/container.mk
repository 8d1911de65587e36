# The container, with whichever engine answers.

.PHONY: image up roll down test-container

image: ## build the container image
	@deploy/compose build

up: ## build the image and start it on http://127.0.0.1:8000; returns when it is healthy
	@deploy/compose up --detach --build --wait

roll: image ## build the image, and put it in the place of what runs without losing a request
	@deploy/roll

down: ## let the container finish what it has, then remove it
	@deploy/compose down

test-container: environment ## build, start, use and stop the container
	@deploy/compose ps >/dev/null
	@tests/container/images/get
	$(BIN)/pytest tests/container
